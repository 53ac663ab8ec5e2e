import type { ServersTable } from '../contract/control-store.ts';
import { LEASE_MS } from '../contract/queue-table.ts';
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
    const times = { started_at_ms: nowMs, lease_until_ms: nowMs + LEASE_MS, clock_ms: nowMs };
    await db
      .insertInto('servers')
      .values({ id, instance, epoch, state: 'live', ...times })
      .execute();
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

  async renew({ db }, id, nowMs) {
    const { numUpdatedRows } = await db
      .updateTable('servers')
      .set({ lease_until_ms: nowMs + LEASE_MS, clock_ms: nowMs })
      .where('id', '=', id)
      .where('state', '=', 'live')
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  },

  async bury({ db }, id, nowMs) {
    const { numUpdatedRows } = await db
      .updateTable('servers')
      .set({ state: 'dead' })
      .where('id', '=', id)
      .where('state', '=', 'live')
      .where('lease_until_ms', '<', nowMs)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  },

  async lives({ db }, ids) {
    if (ids.length === 0) return [];
    const rows = await db
      .selectFrom('servers')
      .select(['id', 'instance', 'epoch', 'state', 'lease_until_ms'])
      .where('id', 'in', ids)
      .execute();
    return rows.map(({ lease_until_ms, ...life }) => ({ ...life, leaseUntilMs: lease_until_ms }));
  },

  async clockMs({ db }) {
    const row = await db
      .selectFrom('servers')
      .select((from) => from.fn.max('clock_ms').as('clock_ms'))
      .executeTakeFirst();
    return row?.clock_ms ?? 0;
  },
};
