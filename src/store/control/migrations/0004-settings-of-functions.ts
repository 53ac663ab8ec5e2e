import type { Kysely } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

interface Before {
  functions: { id: string; revision_id: string; settings_json: string };
  revisions: { id: string; settings_json: string };
}

/** Settings that were part of one list in every revision until now. */
const OF_FUNCTION = ['queueTimeoutMs', 'maxConcurrency', 'minWarm', 'routes', 'url', 'capture', 'description', 'tags'];
/** Bounds memory: this many rows are read at a time. */
const PAGE = 500;

/**
 * Settings that count for a function whatever its revision move from its newest revision to the function, and leave every
 * revision. The hash of the whole list goes: revisions are compared by what they hold.
 */
export const settingsOfFunctions: Migration = {
  number: 4,
  name: 'settings of functions',
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('functions')
      .addColumn('settings_json', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute();
    await db.schema
      .alterTable('functions')
      .addColumn('change', 'integer', (column) => column.notNull().defaultTo(1))
      .execute();
    await moveSettings(db as Kysely<Before>);
    await db.schema.alterTable('revisions').dropColumn('settings_sha256').execute();
  },
};

async function moveSettings(db: Kysely<Before>): Promise<void> {
  for (let afterId = ''; ; ) {
    const rows = await db
      .selectFrom('revisions')
      .select(['id', 'settings_json'])
      .where('id', '>', afterId)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    for (const { id, settings_json } of rows) {
      const entries = Object.entries(JSON.parse(settings_json) as Record<string, unknown>);
      const pick = (isOfFunction: boolean) =>
        JSON.stringify(Object.fromEntries(entries.filter(([name]) => OF_FUNCTION.includes(name) === isOfFunction)));
      await db
        .updateTable('functions')
        .set({ settings_json: pick(true) })
        .where('revision_id', '=', id)
        .execute();
      await db
        .updateTable('revisions')
        .set({ settings_json: pick(false) })
        .where('id', '=', id)
        .execute();
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}
