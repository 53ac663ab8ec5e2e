import type { Kysely } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/** What several servers on one database need: their lives, the change feed, and routes that no two functions can take. */
export const serversAndChanges: Migration = {
  number: 6,
  name: 'servers and changes',
  async up(db) {
    await db.schema
      .createTable('servers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('instance', 'text', (column) => column.notNull())
      .addColumn('epoch', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at_ms', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('servers_lives', ['instance', 'epoch'])
      .execute();
    await db.schema
      .createTable('change_counter')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('n', 'bigint', (column) => column.notNull())
      .execute();
    await (db as Kysely<{ change_counter: { id: number; n: number } }>)
      .insertInto('change_counter')
      .values({ id: 1, n: 0 })
      .execute();
    await db.schema
      .createTable('changes')
      .addColumn('seq', 'bigint', (column) => column.primaryKey())
      .addColumn('topic', 'text', (column) => column.notNull())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('row_id', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('routes')
      .addColumn('route_key', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull())
      .addForeignKeyConstraint(
        'routes_function',
        ['workspace_id', 'function_id'],
        'functions',
        ['workspace_id', 'id'],
        (key) => key.onDelete('cascade'),
      )
      .execute();
    await db.schema.createIndex('routes_of_function').on('routes').columns(['workspace_id', 'function_id']).execute();
    await fillRoutes(db as Kysely<Before>);
  },
};

interface Before {
  functions: { id: string; workspace_id: string; settings_json: string };
  routes: { route_key: string; workspace_id: string; function_id: string };
}

/** Settings read at once. One may be large, up to its tags and routes. */
const FUNCTIONS_AT_ONCE = 200;

async function fillRoutes(db: Kysely<Before>): Promise<void> {
  for (let after = ''; ; ) {
    const some = await db
      .selectFrom('functions')
      .select(['id', 'workspace_id', 'settings_json'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(FUNCTIONS_AT_ONCE)
      .execute();
    for (const { id, workspace_id, settings_json } of some) {
      const { routes = [] } = JSON.parse(settings_json) as { routes?: { method: string; path: string }[] };
      for (const route of routes) {
        await db
          .insertInto('routes')
          .values({ route_key: routeKey(route), workspace_id, function_id: id })
          .onConflict((conflict) => conflict.column('route_key').doNothing())
          .execute();
      }
    }
    const last = some.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/**
 * The key as catalog/settings/route-rules.ts makes it. A released step keeps what it did, so it has a copy of its own.
 */
function routeKey({ method, path }: { method: string; path: string }): string {
  const parts = path.replace(/(?<=.)\/$/, '').split('/');
  return `${method} ${parts.map((part) => part.replace(/^\{([A-Za-z_][A-Za-z0-9_]*)(\+?)\}$/, '{$2}')).join('/')}`;
}
