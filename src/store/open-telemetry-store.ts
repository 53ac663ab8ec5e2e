import { join } from 'node:path';
import type { Asker } from '../domain/asker.ts';
import type { StoreOptions } from './open-control-store.ts';
import { WorkerClient } from './rpc/worker-client.ts';
import { workerUrl } from './rpc/worker-url.ts';
import type { TelemetryWorkerData } from './telemetry/telemetry-worker.ts';
import { packBatch } from './telemetry/wire/pack-batch.ts';
import type { Metrics, TelemetryStore } from './telemetry-store.ts';

/** Defaults of retention: a week of records, a gibibyte of them. */
const RECORDS_KEPT_MS = 7 * 24 * 3_600_000;
const BYTES_MAX = 1024 ** 3;
/** A chart over many functions may take this long. It delays only other readers. */
const READ_DEADLINE_MS = 20_000;

export interface TelemetryStoreOptions extends StoreOptions {
  recordsKeptMs?: number;
  bytesMax?: number;
}

/**
 * Opens (and makes or migrates) telemetry.db in the data directory: one worker writes, a second one reads beside it.
 * Rejects as `openControlStore` does.
 */
export async function openTelemetryStore(
  options: TelemetryStoreOptions,
): Promise<TelemetryStore & { close(): Promise<void> }> {
  const open = (role: TelemetryWorkerData['role']): Promise<WorkerClient> => {
    const data: TelemetryWorkerData = {
      path: join(options.dataDir, 'telemetry.db'),
      role,
      retention: { recordsKeptMs: options.recordsKeptMs ?? RECORDS_KEPT_MS, bytesMax: options.bytesMax ?? BYTES_MAX },
    };
    const url = workerUrl('./telemetry/telemetry-worker', import.meta.url);
    return WorkerClient.open({ name: `telemetry-${role}`, url, workerData: { ...data }, log: options.log });
  };
  const writer = await open('writer');
  const reader = await open('reader').catch(async (error: unknown) => {
    await writer.close();
    throw error;
  });
  const read = (method: string, args: unknown[], asker?: Asker): Promise<unknown> =>
    reader.call(method, args, { deadlineMs: READ_DEADLINE_MS, asker });
  return {
    append: (batch) => writer.call('append', [packBatch(batch)]) as Promise<void>,
    prune: (now) => writer.call('prune', [now]) as Promise<number>,
    invocations: (query, asker) => read('invocations', [query], asker) as ReturnType<TelemetryStore['invocations']>,
    invocation: (workspaceId, id, asker) =>
      read('invocation', [workspaceId, id], asker) as ReturnType<TelemetryStore['invocation']>,
    logs: (query, asker) => read('logs', [query], asker) as ReturnType<TelemetryStore['logs']>,
    metrics: (query, asker) => read('metrics', [query], asker) as Promise<Metrics>,
    functionsActivity: (query, asker) =>
      read('functionsActivity', [query], asker) as ReturnType<TelemetryStore['functionsActivity']>,
    functionErrors: (query, asker) =>
      read('functionErrors', [query], asker) as ReturnType<TelemetryStore['functionErrors']>,
    size: () => read('size', []) as ReturnType<TelemetryStore['size']>,
    async close() {
      // The reader closes first, because a last checkpoint needs the database to itself.
      await reader.close();
      await writer.close();
    },
  };
}
