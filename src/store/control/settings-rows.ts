import type { SettingsTable } from '../contract/control-store.ts';
import type { ServerStatements } from './statements.ts';

/** Facts that all servers share; they belong to no workspace. */
export const settingsRows: ServerStatements<SettingsTable> = {
  async get({ db }, key) {
    const row = await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
    return row?.value ?? null;
  },

  async put({ db }, key, value) {
    await db
      .insertInto('settings')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
  },

  async remove({ db }, key) {
    await db.deleteFrom('settings').where('key', '=', key).execute();
  },
};
