import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InvocationRecord } from '../domain/invocation.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { openTelemetryStore } from '../store/open-telemetry-store.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import { exampleAttempt, exampleId, exampleRecord } from '../store/testing/example-record.ts';
import { keptLog, tempDir } from '../store/testing/temp-dir.ts';
import { LiveFeed } from './live/live-feed.ts';
import { RecordsQueue } from './queue/records-queue.ts';

const INVOCATIONS = 3;
const nth = fc.nat(INVOCATIONS - 1);

type Step =
  | { do: 'begin' | 'withdraw'; nth: number }
  | { do: 'end'; nth: number; isLast: boolean }
  | { do: 'again'; nth: number; at: number }
  | { do: 'flush'; isAwaited: boolean }
  | { do: 'fail'; isWritten: boolean }
  | { do: 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), nth }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('end' as const), nth, isLast: fc.nat(7).map((n) => n === 0) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('again' as const), nth, at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const), isAwaited: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), isWritten: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);

let dir: Awaited<ReturnType<typeof tempDir>>;
let store: TelemetryStore & { close(): Promise<void> };
beforeAll(async () => {
  dir = await tempDir();
  store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
});
afterAll(async () => {
  await store.close();
  await dir[Symbol.asyncDispose]();
});

/** One life of the server: what it queued is lost when it crashes, what it handed to the store is not. */
class Life {
  readonly records: RecordsQueue;
  /** How the next append goes wrong; null when it does not. */
  failure: 'before' | 'after' | null = null;
  isOver = false;

  constructor() {
    const append: TelemetryStore['append'] = async (batch) => {
      const failure = this.failure;
      this.failure = null;
      if (this.isOver) return new Promise(() => {});
      if (failure !== 'before') await store.append(batch);
      if (failure !== null) throw new ColdframeError('storage_unavailable');
    };
    const { invocation, invocations, logs } = store;
    this.records = new RecordsQueue({
      store: { append, invocation, invocations, logs },
      feed: new LiveFeed(1),
      log: keptLog(),
    });
  }
}

/** A keeper of rows, as the durable queue will be: it knows what ended, and tells it again until the store has it. */
class Keeper {
  readonly functionId: string;
  readonly ids: string[];
  readonly #begun = new Map<number, InvocationRecord>();
  /** Every attempt that ended, as it was told, in order. */
  readonly ended: InvocationRecord[][] = Array.from({ length: INVOCATIONS }, () => []);
  #life = new Life();

  constructor(run: number) {
    this.functionId = `function-${run}`;
    this.ids = Array.from({ length: INVOCATIONS }, (_, index) => exampleId(run * INVOCATIONS + index));
  }

  async do(it: Step): Promise<void> {
    if (it.do === 'begin') this.#begin(it.nth);
    else if (it.do === 'withdraw') this.#withdraw(it.nth);
    else if (it.do === 'end') this.#end(it.nth, it.isLast);
    else if (it.do === 'again') this.#tell(this.ended[it.nth]!.at(-1 - it.at));
    else if (it.do === 'flush') await this.#flush(it.isAwaited);
    else if (it.do === 'fail') this.#life.failure = it.isWritten ? 'after' : 'before';
    else this.#crash();
  }

  flush(): Promise<void> {
    return this.#life.records.flush();
  }

  /** Not awaited, what follows comes while the store still writes. */
  async #flush(isAwaited: boolean): Promise<void> {
    const flushed = this.flush();
    if (isAwaited) await flushed;
  }

  #begin(nth: number): void {
    const isOver = this.ended[nth]!.at(-1)?.state === 'finished';
    if (isOver || this.#begun.has(nth)) return;
    const record = exampleRecord(this.ids[nth]!, {
      functionId: this.functionId,
      mode: 'async',
      state: 'running',
      outcome: null,
      finishedAt: null,
      durationMs: null,
      attempts: [],
    });
    this.#begun.set(nth, record);
    this.#life.records.began(record);
  }

  #withdraw(nth: number): void {
    const record = this.#begun.get(nth);
    if (record === undefined) return;
    record.state = 'queued';
    this.#begun.delete(nth);
    this.#life.records.withdrawn(record);
  }

  #end(nth: number, isLast: boolean): void {
    this.#begin(nth);
    const record = this.#begun.get(nth);
    if (record === undefined) return;
    const number = this.ended[nth]!.length + 1;
    const logs = [{ at: record.startedAt, stream: 'stdout' as const, text: `attempt ${number}` }];
    record.attempts.push(exampleAttempt({ number, logs, outcome: isLast ? 'ok' : 'error' }));
    record.state = isLast ? 'finished' : 'retrying';
    if (isLast) Object.assign(record, { outcome: 'ok', finishedAt: new Date().toISOString(), durationMs: 5 });
    this.#begun.delete(nth);
    this.ended[nth]!.push(record);
    this.#tell(record);
  }

  #tell(record: InvocationRecord | undefined): void {
    if (record !== undefined)
      this.#life.records.ended(record, { event: Buffer.from('{}'), result: null, capture: 'all' });
  }

  /** What ran is lost and runs again under the same number, for nothing of it was told; what ended is told again, newest first. */
  #crash(): void {
    this.#life.isOver = true;
    this.#life = new Life();
    this.#begun.clear();
    for (const record of this.ended.flat().reverse()) this.#tell(record);
  }
}

test('I8: whatever the order of beginnings, ends, repeats, failures of the store and crashes, each attempt has one row, and counts once', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const keeper = new Keeper(++run);
      for (const it of steps) await keeper.do(it);
      await keeper.flush();
      const attempts = keeper.ended.flat();
      for (const [nth, id] of keeper.ids.entries()) {
        const ended = keeper.ended[nth]!;
        const stored = await store.invocation('default', id);
        expect(stored?.attempts.map(({ number }) => number) ?? []).toEqual(ended.map((_, index) => index + 1));
        expect(stored?.attempts ?? []).toEqual(ended.flatMap((record) => record.attempts));
        const { state, outcome, finishedAt } = ended.at(-1) ?? {};
        if (stored !== null) expect(stored).toMatchObject({ state, outcome, finishedAt, event: '{}' });
      }
      const { functionId } = keeper;
      const lines = await store.logs({ workspaceId: 'default', functionId, limit: 500 });
      expect(lines.items).toHaveLength(attempts.length);
      const window = {
        from: new Date(Date.now() - 3_600_000).toISOString(),
        to: new Date(Date.now() + 60_000).toISOString(),
      };
      const { totals } = await store.metrics({ workspaceId: 'default', functionId, ...window, stepMs: 60_000 });
      expect(totals).toMatchObject({
        invocations: keeper.ended.filter((of) => of.length > 0).length,
        errors: attempts.filter(({ state }) => state === 'retrying').length,
        warm: attempts.length,
        cpuMs: attempts.length === 0 ? null : attempts.length * 4,
      });
    }),
    { numRuns: 40 },
  );
}, 120_000);
