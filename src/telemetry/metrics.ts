import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ISOLATIONS, type Isolation } from '../domain/names.ts';
import { CallMetrics } from './call-metrics.ts';
import type { TurnCause } from './turn-watch.ts';

/** Asked when Prometheus asks; each must answer at once, from memory, but for `storeBytes`. */
export interface MetricSources {
  inFlight(): number;
  /** Sandboxes by isolation and state, and callers waiting. */
  pool(): {
    byIsolation: Record<string, { ready: number; bound: number; busy: number; creating: number } | undefined>;
    queued: number;
    idleMib: number;
    idleBudgetMib: number;
  };
  records(): { queued: number; queuedBytes: number; running: number; lost: number };
  storeBytes(): Promise<{ databaseBytes: number; walBytes: number }>;
  liveListeners(): number;
  /** Sandboxes that could not be removed yet, one isolation for each. */
  stuckSandboxes(): Iterable<{ isolation: string }>;
}

export interface PlatformMetrics {
  /** Counts calls; cheap enough for the invocation path. */
  calls: CallMetrics;
  /** Counts tries of removing a sandbox that failed, by isolation. */
  removalFailed(isolation: Isolation): void;
  /** Counts sandboxes that ended by themselves between two calls, by how they did. */
  sandboxCrashed(isolation: Isolation, exit: { cause: string; exitCode: number | null; signal: string | null }): void;
  /** Counts turns of the serving thread over 50 ms, by whose doing they were. */
  turnWasLong(cause: TurnCause): void;
  /** Where the gauges get their values; called once, when the parts exist. */
  connect(sources: MetricSources): void;
  /** The text Prometheus reads, with process memory, CPU and event loop lag. */
  prometheus(): Promise<{ contentType: string; body: string }>;
}

/** A registry of its own, so that several servers in one process (tests) do not share counters. */
export function createMetrics(): PlatformMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = new CallMetrics(registry);
  const failedRemovals = new Counter({
    name: 'coldframe_sandbox_removals_failed_total',
    help: 'Tries of removing a sandbox from the host that failed.',
    labelNames: ['isolation'],
    registers: [registry],
  });
  const crashes = new Counter({
    name: 'coldframe_sandbox_crashes_total',
    help: 'Sandboxes that ended by themselves between two calls, by cause (exit, signal, oom, lost), exit status and signal.',
    labelNames: ['isolation', 'cause', 'exit_status', 'signal'],
    registers: [registry],
  });
  const longTurns = new Counter({
    name: 'coldframe_long_turns_total',
    help: 'Turns of the event loop over 50 ms: by the work of the server, or by a host that had no processor for it.',
    labelNames: ['cause'],
    registers: [registry],
  });
  return {
    calls,
    turnWasLong: (cause) => longTurns.inc({ cause }),
    sandboxCrashed: (isolation, { cause, exitCode, signal }) =>
      crashes.inc({ isolation, cause, exit_status: exitCode === null ? '' : String(exitCode), signal: signal ?? '' }),
    removalFailed: (isolation) => failedRemovals.inc({ isolation }),
    connect: (sources) => connect(registry, sources),
    prometheus: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function connect(registry: Registry, sources: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('coldframe_invocations_in_flight', 'Calls admitted and not yet answered.', () => sources.inFlight());
  gauge('coldframe_pool_queue_depth', 'Callers waiting for a sandbox.', () => sources.pool().queued);
  gauge('coldframe_pool_idle_mib', 'Memory of idle sandboxes.', () => sources.pool().idleMib);
  gauge('coldframe_pool_idle_budget_mib', 'Memory idle sandboxes may hold.', () => sources.pool().idleBudgetMib);
  gauge('coldframe_records_queued', 'Records not yet stored.', () => sources.records().queued);
  gauge('coldframe_records_queued_bytes', 'Memory of records not yet stored.', () => sources.records().queuedBytes);
  gauge('coldframe_records_lost', 'Records given up since the start.', () => sources.records().lost);
  gauge('coldframe_live_listeners', 'Open live streams.', () => sources.liveListeners());
  connectPool(registry, sources);
  connectStuck(registry, sources);
  connectStore(registry, sources);
}

function connectPool(registry: Registry, sources: MetricSources): void {
  new Gauge({
    name: 'coldframe_pool_sandboxes',
    help: 'Sandboxes by isolation and state.',
    labelNames: ['isolation', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [isolation, states] of Object.entries(sources.pool().byIsolation)) {
        for (const [state, count] of Object.entries(states ?? {})) this.set({ isolation, state }, count);
      }
    },
  });
}

function connectStuck(registry: Registry, sources: MetricSources): void {
  new Gauge({
    name: 'coldframe_sandboxes_stuck',
    help: 'Sandboxes that could not be removed yet and keep their uid and their memory in the sum; alert above 0.',
    labelNames: ['isolation'],
    registers: [registry],
    collect() {
      // Every isolation has its line, so that an alert can tell 0 from a metric that is missing.
      for (const isolation of ISOLATIONS) this.set({ isolation }, 0);
      for (const { isolation } of sources.stuckSandboxes()) this.inc({ isolation });
    },
  });
}

function connectStore(registry: Registry, sources: MetricSources): void {
  new Gauge({
    name: 'coldframe_store_bytes',
    help: 'Size of telemetry.db and of its write-ahead log.',
    labelNames: ['part'],
    registers: [registry],
    async collect() {
      this.reset();
      // A store that does not answer must not take the other metrics down with it.
      const size = await sources.storeBytes().catch(() => null);
      if (size === null) return;
      this.set({ part: 'database' }, size.databaseBytes);
      this.set({ part: 'wal' }, size.walBytes);
    },
  });
}
