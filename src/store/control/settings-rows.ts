import type { Kysely } from 'kysely';
import type { SettingsTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

/** Facts about this installation; they belong to no workspace. */
export class SettingsRows implements SettingsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async get(key: string): Promise<string | null> {
    const row = await this.#db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
    return row?.value ?? null;
  }

  async put(key: string, value: string): Promise<void> {
    await this.#db
      .insertInto('settings')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
  }
}
