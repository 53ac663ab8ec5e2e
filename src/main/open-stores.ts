import type { Log } from '../domain/log.ts';
import type { Invoker } from '../invoke/types.ts';
import type { Pool } from '../pool/types.ts';
import { HostSampler } from '../records/live/host-sampler.ts';
import { LiveFeed } from '../records/live/live-feed.ts';
import { RecordsQueue } from '../records/queue/records-queue.ts';
import { RetentionLoop } from '../records/retention-loop.ts';
import type { ControlStore } from '../store/contract/control-store.ts';
import { DiskGuard } from '../store/disk-guard.ts';
import { openControlStore } from '../store/open-control-store.ts';
import { openTelemetryStore } from '../store/open-telemetry-store.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import { createMetrics, type PlatformMetrics } from '../telemetry/metrics.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { StopInOrder } from './stop-in-order.ts';

export interface Stores {
  control: ControlStore;
  telemetry: TelemetryStore;
  records: RecordsQueue;
  feed: LiveFeed;
  disk: DiskGuard;
  metrics: Pick<PlatformMetrics, 'removalFailed' | 'sandboxCrashed' | 'turnWasLong'>;
  connectMetrics(parts: { pool: Pool; invoker: Invoker; sandboxes: Pick<Sandboxes, 'stuck'> }): void;
  prometheus(): Promise<{ contentType: string; body: string }>;
}

/** Both databases and all that writes to or watches them. */
export async function openStores({
  dataDir,
  log,
  undo,
}: {
  dataDir: string;
  log: Log;
  undo: StopInOrder;
}): Promise<Stores> {
  const control = await openControlStore({ dataDir, log });
  undo.add('control.db', () => control.close());
  const telemetry = await openTelemetryStore({ dataDir, log });
  undo.add('telemetry.db', () => telemetry.close());
  const feed = new LiveFeed();
  const metrics = createMetrics();
  const records = new RecordsQueue({ store: telemetry, feed, log, counters: metrics.calls });
  undo.add('records', () => records.stop());
  const retention = new RetentionLoop({ store: telemetry, log });
  retention.start();
  undo.add('retention', () => retention.stop());
  const disk = new DiskGuard({ dataDir, prune: () => telemetry.prune(new Date().toISOString()), log });
  await disk.start();
  undo.add('disk guard', () => disk.stop());
  const sampler = new HostSampler(feed);
  undo.add('host sampler', () => sampler.stop());
  return {
    control,
    telemetry,
    records,
    feed,
    disk,
    prometheus: () => metrics.prometheus(),
    metrics,
    connectMetrics: ({ pool, invoker, sandboxes }) =>
      metrics.connect({
        inFlight: () => invoker.inFlight,
        pool: () => pool.snapshot(),
        records: () => records.stats(),
        storeBytes: () => telemetry.size(),
        liveListeners: () => feed.listenerCount,
        stuckSandboxes: () => sandboxes.stuck(),
      }),
  };
}
