import { join } from 'node:path';
import type { Log } from '../domain/log.ts';
import type { ControlStore } from './contract/control-store.ts';
import { openSqliteControlStore } from './sqlite/open-sqlite-control-store.ts';

export interface StoreOptions {
  dataDir: string;
  log: Log;
}

/**
 * Opens (and makes or migrates) the control store: control.db in the data directory. Rejects with `data_dir_newer`,
 * `storage_full`, `storage_read_only` or `storage_unavailable`. `close` waits for the calls made before it.
 */
export function openControlStore({ dataDir, log }: StoreOptions): Promise<ControlStore & { close(): Promise<void> }> {
  return openSqliteControlStore(join(dataDir, 'control.db'), log);
}
