import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { CallMetrics } from './call-metrics.ts';

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
}

export interface PlatformMetrics {
  /** Counts calls; cheap enough for the invocation path. */
  calls: CallMetrics;
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
  return {
    calls,
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
