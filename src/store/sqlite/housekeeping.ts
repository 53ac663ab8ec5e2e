import type { DatabaseSync } from 'node:sqlite';

const CHECKPOINT_EVERY_MS = 30_000;
/** Free pages given back to the disk per turn (4 KiB each): a few milliseconds of work. */
const VACUUM_PAGES = 1_000;

/**
 * Moves the WAL into the database and gives freed pages back, now and then, between calls. A turn that fails (disk
 * full, a reader in the way) is tried again later; the calls themselves report what is wrong with the disk.
 */
export function startHousekeeping(database: DatabaseSync, isIdle: () => boolean): () => void {
  const timer = setInterval(() => {
    if (!isIdle() || database.isTransaction) return;
    try {
      vacuumStep(database);
      database.exec('pragma wal_checkpoint(passive)');
    } catch {
      // The next turn tries again.
    }
  }, CHECKPOINT_EVERY_MS);
  return () => clearInterval(timer);
}

/** Gives a bounded number of free pages back to the file system. */
export function vacuumStep(database: DatabaseSync): void {
  // Each row is read, because SQLite frees one page per row read.
  database.prepare(`pragma incremental_vacuum(${VACUUM_PAGES})`).all();
}

/** Checkpoints everything and closes, so that a graceful stop leaves no WAL behind. */
export function checkpointAndClose(database: DatabaseSync): void {
  try {
    database.exec('pragma wal_checkpoint(truncate)');
  } finally {
    database.close();
  }
}
