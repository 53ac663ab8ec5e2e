import type { ControlStore } from '../contract/control-store.ts';
import type { Database } from '../contract/engine.ts';

/** One fresh database of an engine, for one test. */
export interface StoreRig extends AsyncDisposable {
  /** A server's store on it; each call is one more server on the same database. */
  openStore(): Promise<OpenStore>;
  /** One more connection to a database with the table `things` alone: id is its key, and only `bytes` may be null. */
  openThings(): Promise<Database<ThingsSchema>>;
}

export type OpenStore = ControlStore & { close(): Promise<void> };

export interface ThingsSchema {
  things: { id: string; n: number; x: number; bytes: Uint8Array | null };
}
