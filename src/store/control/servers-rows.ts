import type { ServersTable } from '../contract/control-store.ts';
import type { ServerStatements } from './statements.ts';

/** Lives kept per instance. The next epoch needs only the last one; the others are for a person who looks. */
const LIVES_KEPT = 100;

/** The lives of the servers on this database. */
export const serversRows: ServerStatements<ServersTable> = {
  async register({ db }, { id, instance }, nowMs) {
    const last = await db
      .selectFrom('servers')
      .select('epoch')
      .where('instance', '=', instance)
      .orderBy('epoch', 'desc')
      .limit(1)
      .executeTakeFirst();
    const epoch = Math.max((last?.epoch ?? 0) + 1, nowMs);
    await db.updateTable('servers').set({ state: 'dead' }).where('instance', '=', instance).execute();
    await db.insertInto('servers').values({ id, instance, epoch, state: 'live', started_at_ms: nowMs }).execute();
    const kept = db
      .selectFrom('servers')
      .select('epoch')
      .where('instance', '=', instance)
      .orderBy('epoch', 'desc')
      .limit(LIVES_KEPT);
    await db.deleteFrom('servers').where('instance', '=', instance).where('epoch', 'not in', kept).execute();
    return { id, instance, epoch };
  },

  async end({ db }, id) {
    await db.updateTable('servers').set({ state: 'dead' }).where('id', '=', id).execute();
  },
};
