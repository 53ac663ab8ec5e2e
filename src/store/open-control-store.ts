import { join } from 'node:path';
import type { Log } from '../telemetry/log.ts';
import { CONTROL_METHODS } from './control/control-methods.ts';
import type { ControlStore } from './control-store.ts';
import { remoteTable } from './rpc/remote-table.ts';
import { WorkerClient } from './rpc/worker-client.ts';
import { workerUrl } from './rpc/worker-url.ts';

export interface StoreOptions {
  dataDir: string;
  log: Log;
}

/**
 * Opens (and makes or migrates) control.db in the data directory, in a worker of its own. Rejects with `data_dir_newer`,
 * `storage_full`, `storage_read_only` or `storage_unavailable`. `close` waits for the calls made before it.
 */
export async function openControlStore(options: StoreOptions): Promise<ControlStore & { close(): Promise<void> }> {
  const client = await WorkerClient.open({
    name: 'control',
    url: workerUrl('./control/control-worker', import.meta.url),
    workerData: { path: join(options.dataDir, 'control.db') },
    log: options.log,
  });
  return {
    functions: remoteTable(client, 'functions', CONTROL_METHODS.functions),
    keys: remoteTable(client, 'keys', CONTROL_METHODS.keys),
    sessions: remoteTable(client, 'sessions', CONTROL_METHODS.sessions),
    secrets: remoteTable(client, 'secrets', CONTROL_METHODS.secrets),
    testEvents: remoteTable(client, 'testEvents', CONTROL_METHODS.testEvents),
    comparisons: remoteTable(client, 'comparisons', CONTROL_METHODS.comparisons),
    settings: remoteTable(client, 'settings', CONTROL_METHODS.settings),
    close: () => client.close(),
  };
}
