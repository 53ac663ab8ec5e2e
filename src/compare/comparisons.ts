import type { SandboxSpec } from '../contract/driver.ts';
import { asInterrupted, COMPARISON_LIMITS, type Comparison, type ComparisonState } from '../domain/comparison.ts';
import type { Log } from '../domain/log.ts';
import type { Isolation, RuntimeId } from '../domain/names.ts';
import type { InvokeCatalog, RunnableRevision } from '../domain/runnable-revision.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { DriverAnswer } from '../isolations/isolation-registry.ts';
import type {
  ComparisonPage,
  ControlStore,
  ServerIdentity,
  StoredComparison,
} from '../store/contract/control-store.ts';
import { chooseIsolations } from './choose-isolations.ts';
import { IsolationRun, SANDBOXES_AT_ONCE } from './isolation-run.ts';

/** How long a stop waits for the sandboxes at work to go. */
const STOP_DEADLINE_MS = 15_000;
const NO_ROOM = 'The host has no room for its sandboxes beside those of live calls.';

export interface ComparisonsOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** This life of this server. It answers only for its own comparisons. */
  server: ServerIdentity;
  catalog: Pick<InvokeCatalog, 'resolve'>;
  driverFor(isolation: Isolation, runtime: RuntimeId): DriverAnswer;
  /** Room within the bound on memory limits. Null when there is none. */
  reserve(mib: number): (() => void) | null;
  labels: SandboxSpec['labels'];
  log: Log;
}

export interface ComparisonRequest {
  /** Null means all but process. */
  isolations: readonly string[] | null;
  count?: number;
  timeLimitMs?: number;
  event: Uint8Array;
}

interface Running {
  workspaceId: WorkspaceId;
  comparison: Comparison;
  ending: Exclude<ComparisonState, 'running'>;
  stop: AbortController;
  done: Promise<void>;
}

/**
 * Comparisons: one at a time per workspace, each under one isolation after another, in sandboxes of their own. A comparison
 * is stored when it is accepted and after each isolation, so that one cut off by a stop or a crash keeps what it had and says
 * `interrupted`; while it runs, memory is ahead of the store. Its calls make no invocation records: they are no traffic.
 */
export class Comparisons {
  readonly #options: ComparisonsOptions;
  readonly #running = new Map<string, Running | 'starting'>();
  #isStopping = false;

  constructor(options: ComparisonsOptions) {
    this.#options = options;
  }

  /** Called first: what an earlier life of this server left running was interrupted. */
  async recover(): Promise<void> {
    await this.#options.store.across.interruptComparisons(this.#options.server, new Date().toISOString());
  }

  /**
   * Begins in the background and returns what will be done. Throws `comparison_running`, `draining`, `unknown_isolation`,
   * `isolation_not_usable`, `isolation_preparing`, and what resolving the function throws.
   */
  async start(workspaceId: WorkspaceId, functionName: string, request: ComparisonRequest): Promise<Comparison> {
    if (this.#isStopping) throw new ColdframeError('draining');
    const target = this.#options.catalog.resolve(workspaceId, functionName);
    if (this.#running.has(workspaceId)) throw new ColdframeError('comparison_running');
    const comparison = this.#begin(target, request);
    this.#running.set(workspaceId, 'starting');
    try {
      const { server, store } = this.#options;
      await store.in(workspaceId).comparisons.insert(comparison, server.id, COMPARISON_LIMITS.keptMax);
    } catch (error) {
      this.#running.delete(workspaceId);
      throw error;
    }
    const stop = new AbortController();
    const running: Running = { workspaceId, comparison, ending: 'finished', stop, done: Promise.resolve() };
    this.#running.set(workspaceId, running);
    // It was stopped while it was being stored. It ends at once, and says so.
    if (this.#isStopping) this.#stopOne(running, 'interrupted');
    running.done = this.#run(running, target, request.event);
    return structuredClone(comparison);
  }

  /** Throws `comparison_not_found`. */
  async get(workspaceId: WorkspaceId, id: string): Promise<Comparison> {
    const running = this.#of(workspaceId);
    if (running?.comparison.id === id) return structuredClone(running.comparison);
    const stored = await this.#options.store.in(workspaceId).comparisons.get(id);
    if (stored === null) throw new ColdframeError('comparison_not_found');
    return this.#settled(stored);
  }

  /** Newest first. Throws `function_not_found`. */
  async list(workspaceId: WorkspaceId, functionId: string, page: ComparisonPage) {
    const { items, nextCursor } = await this.#options.store.in(workspaceId).comparisons.list(functionId, page);
    const running = this.#of(workspaceId)?.comparison;
    return {
      items: items.map((one) => (one.comparison.id === running?.id ? structuredClone(running) : this.#settled(one))),
      nextCursor,
    };
  }

  /** Ends it. What was measured is kept. Throws `comparison_not_found`, `comparison_finished`. */
  async cancel(workspaceId: WorkspaceId, id: string): Promise<void> {
    const running = this.#of(workspaceId);
    if (running?.comparison.id === id) return this.#stopOne(running, 'cancelled');
    await this.get(workspaceId, id);
    throw new ColdframeError('comparison_finished');
  }

  /** A function that is gone has nothing left to compare. */
  functionRemoved(functionId: string): void {
    for (const running of this.#running.values())
      if (running !== 'starting' && running.comparison.functionId === functionId) this.#stopOne(running, 'cancelled');
  }

  /**
   * Takes no new one. Those at work end as `interrupted`: their sandboxes are gone and their rows stored. Safe to
   * repeat.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const all = [...this.#running.values()].filter((one) => one !== 'starting');
    for (const running of all) this.#stopOne(running, 'interrupted');
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_DEADLINE_MS);
    await Promise.race([Promise.all(all.map(({ done }) => done)), late]);
    clearTimeout(timer);
  }

  #of(workspaceId: string): Running | null {
    const running = this.#running.get(workspaceId);
    return running === undefined || running === 'starting' ? null : running;
  }

  /** A comparison of this server that reads as running, although nobody works at it, could not be stored at its end. */
  #settled({ comparison, serverId }: StoredComparison): Comparison {
    const isBeginning = this.#running.get(comparison.workspaceId) === 'starting';
    const isLeft = comparison.state === 'running' && serverId === this.#options.server.id && !isBeginning;
    return isLeft ? asInterrupted(comparison, comparison.createdAt) : comparison;
  }

  #stopOne(running: Running, ending: Running['ending']): void {
    if (running.stop.signal.aborted) return;
    running.ending = ending;
    running.stop.abort();
  }

  #begin(target: RunnableRevision, request: ComparisonRequest): Comparison {
    const { driverFor } = this.#options;
    const { runtime } = target.settings;
    const isolations = chooseIsolations(request.isolations, runtime, driverFor);
    const count = request.count ?? COMPARISON_LIMITS.count.default;
    return {
      id: uuid7(),
      workspaceId: target.workspaceId,
      functionId: target.functionId,
      functionName: target.functionName,
      revisionId: target.revision.id,
      runtime,
      state: 'running',
      count,
      timeLimitMs: request.timeLimitMs ?? COMPARISON_LIMITS.timeLimitMs.default,
      callsDone: 0,
      callsTotal: isolations.filter(({ state }) => state === 'waiting').length * count * 3,
      createdAt: new Date().toISOString(),
      finishedAt: null,
      isolations,
    };
  }

  /** Never rejects. */
  async #run(running: Running, target: RunnableRevision, event: Uint8Array): Promise<void> {
    const { comparison } = running;
    for (const [at, entry] of comparison.isolations.entries()) {
      if (entry.state !== 'waiting') continue;
      if (running.stop.signal.aborted) entry.state = 'stopped';
      else {
        await this.#runOne(running, at, target, event);
        await this.#store(running, comparison);
      }
    }
    // Whoever reads that it has ended may start the next one. So it is stored before anybody can read it.
    await this.#store(running, { ...comparison, state: running.ending, finishedAt: new Date().toISOString() });
    this.#running.delete(comparison.workspaceId);
  }

  async #runOne(running: Running, at: number, target: RunnableRevision, event: Uint8Array): Promise<void> {
    const { comparison, stop } = running;
    const { driverFor, reserve, labels } = this.#options;
    const entry = comparison.isolations[at]!;
    const answer = driverFor(entry.isolation, comparison.runtime);
    if (answer.state !== 'usable') {
      Object.assign(entry, { state: 'skipped', reason: answer.detail });
      return;
    }
    const { driver } = answer;
    const limitMib = Math.max(target.settings.memoryMib, driver.capabilities.memoryMinMib);
    const release = reserve(SANDBOXES_AT_ONCE * (limitMib + driver.capabilities.memoryOverheadMib));
    if (release === null) {
      Object.assign(entry, { state: 'skipped', reason: NO_ROOM });
      return;
    }
    try {
      const { count, timeLimitMs } = comparison;
      const onCall = (): void => void comparison.callsDone++;
      const { signal } = stop;
      await new IsolationRun({ driver, target, event, count, timeLimitMs, labels, onCall, signal }, entry).run();
    } finally {
      release();
    }
  }

  async #store({ workspaceId }: Running, comparison: Comparison): Promise<void> {
    try {
      await this.#options.store.in(workspaceId).comparisons.update(comparison);
    } catch (error) {
      this.#options.log.warn({ comparison: comparison.id, err: error }, 'a comparison could not be stored');
    }
  }
}
