import type { RefusalCount } from '../store/telemetry-store.ts';
import type { Refusal } from './records.ts';

/** Different counters (functions x isolations x outcomes) that wait for one flush. No more are kept. */
const COUNTERS_MAX = 10_000;
const MINUTE_MS = 60_000;

/** Throttled and rejected calls, counted per minute: a storm of refusals costs one row a minute, not one each. */
export class RefusalCounters {
  readonly #counters = new Map<string, RefusalCount>();

  get size(): number {
    return this.#counters.size;
  }

  /** False when there are too many different counters, so that it could not be counted. */
  add(refusal: Refusal, now: Date): boolean {
    const minuteMs = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
    const key = `${refusal.functionId} ${refusal.isolation} ${refusal.outcome} ${minuteMs} ${refusal.workspaceId}`;
    const counter = this.#counters.get(key);
    if (counter !== undefined) {
      counter.count++;
      return true;
    }
    if (this.#counters.size >= COUNTERS_MAX) return false;
    const { workspaceId, functionId, isolation, outcome } = refusal;
    const minute = new Date(minuteMs).toISOString();
    this.#counters.set(key, { workspaceId, functionId, isolation, outcome, minute, count: 1 });
    return true;
  }

  /** Everything counted since the last take. */
  take(): RefusalCount[] {
    const taken = [...this.#counters.values()];
    this.#counters.clear();
    return taken;
  }
}
