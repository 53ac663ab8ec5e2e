import type { DatabaseSync } from 'node:sqlite';
import type { IncomingCall } from '../rpc/worker-host.ts';

/** Calls put into one transaction; more would make the first of them wait too long. */
const GROUP_MAX = 256;

/** Carries out one call inside the open transaction. */
export type RunCall = (call: IncomingCall) => Promise<unknown>;

/**
 * Runs the calls in order in as few transactions as it can: one fsync for all writes that came in together. Each call has
 * its own savepoint, so a call that fails leaves its neighbours alone; nobody is answered before the commit, so a resolved
 * write is durable. When the commit itself fails, every call of the group fails.
 */
export async function commitInGroups(database: DatabaseSync, calls: IncomingCall[], run: RunCall): Promise<void> {
  for (let first = 0; first < calls.length; first += GROUP_MAX) {
    await commitGroup(database, calls.slice(first, first + GROUP_MAX), run);
  }
}

async function commitGroup(database: DatabaseSync, calls: IncomingCall[], run: RunCall): Promise<void> {
  const answers: (() => void)[] = [];
  try {
    // Deferred: a group of reads alone takes no write lock and commits without touching the disk.
    database.exec('begin');
    for (const call of calls) answers.push(await runInSavepoint(database, call, run));
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    for (const call of calls) call.fail(error);
    return;
  }
  for (const answer of answers) answer();
}

/** Throws only when the whole transaction is lost. */
async function runInSavepoint(database: DatabaseSync, call: IncomingCall, run: RunCall): Promise<() => void> {
  database.exec('savepoint one_call');
  try {
    const value = await run(call);
    database.exec('release one_call');
    return () => call.succeed(value);
  } catch (error) {
    // A full or failing disk makes SQLite roll the transaction back by itself.
    if (!database.isTransaction) throw error;
    database.exec('rollback to one_call');
    database.exec('release one_call');
    return () => call.fail(error);
  }
}
