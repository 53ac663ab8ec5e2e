import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

/** How long a connection waits for another one's lock. */
const BUSY_TIMEOUT_MS = 5_000;
/** The WAL file is cut back to this after a checkpoint. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
/**
 * Pages in the WAL (4 KiB each) at which a commit checkpoints by itself, when the scheduled checkpoints do not keep up.
 */
const AUTO_CHECKPOINT_PAGES = 2_000;
/** Whatever the umask: hashes of keys, captured bodies and logs are in there. */
const OWNER_ONLY = 0o600;

export interface OpenDatabase<Schema = unknown> {
  /** Kysely for queries; `raw` for transactions, pragmas and statements prepared once. Same connection. */
  db: Kysely<Schema>;
  raw: DatabaseSync;
}

/** Opens (and makes) a database file for its one writer. `FULL`: a commit survives power loss; `NORMAL`: a crash of the process. */
export function openForWriting<Schema>(path: string, synchronous: 'FULL' | 'NORMAL'): OpenDatabase<Schema> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeToOthers(path);
  const raw = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    // auto_vacuum takes effect only while the file is still empty, and journal_mode=WAL already writes to it.
    raw.exec('pragma auto_vacuum = incremental');
    raw.exec('pragma journal_mode = wal');
    raw.exec(`pragma synchronous = ${synchronous}`);
    raw.exec(`pragma journal_size_limit = ${WAL_LIMIT_BYTES}`);
    raw.exec(`pragma wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES}`);
    return { raw, db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(raw) }) };
  } catch (error) {
    raw.close();
    throw error;
  }
}

/** SQLite gives what it makes beside a database the mode of the database; what earlier versions left open is closed too. */
function closeToOthers(path: string): void {
  closeSync(openSync(path, 'a', OWNER_ONLY));
  for (const beside of ['', '-wal', '-shm', '-journal'])
    if (existsSync(`${path}${beside}`)) chmodSync(`${path}${beside}`, OWNER_ONLY);
}

/** Opens an existing database file for reading beside its writer. */
export function openForReading<Schema>(path: string): OpenDatabase<Schema> {
  const raw = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true });
  return { raw, db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(raw) }) };
}
