import { type Kysely, sql } from 'kysely';
import type { ColumnTypes, Migration } from '../../contract/engine.ts';
import { moveRows } from './move-rows.ts';

/**
 * Rows that belong to a workspace say so by their keys: (workspace, id) is unique, and rows of a function refer to
 * both. Times become milliseconds in 64 bits. Each table is made anew beside the old one, because SQLite adds no
 * constraint to an existing table. Constraint names are new, because PostgreSQL wants them unique in a schema.
 */
export const ownedRows: Migration = {
  number: 5,
  name: 'owned rows',
  async up(db, types) {
    await createFunctions(db);
    await createRevisions(db);
    await createKeys(db);
    await createSessions(db);
    await createSecrets(db, types);
    await createTestEvents(db);
    await createComparisons(db);
    // Children first: dropping a table removes its rows, and those would take their children along.
    for (const table of ['revisions', 'secrets', 'test_events', 'comparisons', 'functions', 'keys', 'sessions']) {
      await db.schema.dropTable(table).execute();
      await db.schema.alterTable(`${table}_5`).renameTo(table).execute();
    }
    await db.schema.createIndex('sessions_expiring').on('sessions').column('expires_at_ms').execute();
    await db.schema.createIndex('secrets_of_function').on('secrets').columns(['workspace_id', 'function_id']).execute();
    await db.schema
      .createIndex('comparisons_of_function')
      .on('comparisons')
      .columns(['workspace_id', 'function_id', 'id'])
      .execute();
    await db.schema.createIndex('comparisons_in_state').on('comparisons').column('state').execute();
    await db.schema
      .alterTable('workspaces')
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update workspaces set created_at_ms = ${Date.now()}`.execute(db);
    await db.schema.alterTable('workspaces').dropColumn('created_at').execute();
  },
};

const FUNCTION = ['workspace_id', 'function_id'] as const;
const OWNER = ['workspace_id', 'id'] as const;

async function createFunctions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('functions_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('url_id', 'text', (column) => column.notNull().unique())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('revision_id', 'text', (column) => column.notNull())
    .addColumn('settings_json', 'text', (column) => column.notNull())
    .addColumn('change', 'bigint', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('functions_owned', ['workspace_id', 'id'])
    .addUniqueConstraint('functions_named', ['workspace_id', 'name'])
    .execute();
  await moveRows(db, {
    ...{ from: 'functions', to: 'functions_5', key: ['id'] },
    columns: ['id', 'workspace_id', 'name', 'url_id', 'state', 'revision_id', 'settings_json', 'change'],
    times: { created_at: 'created_at_ms', updated_at: 'updated_at_ms' },
  });
}

async function createRevisions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revisions_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('code_sha256', 'text', (column) => column.notNull())
    .addColumn('settings_json', 'text', (column) => column.notNull())
    .addColumn('env_json', 'text', (column) => column.notNull())
    .addColumn('isolation', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('revisions_owned', ['workspace_id', 'id'])
    .addUniqueConstraint('revisions_numbered', [...FUNCTION, 'number'])
    .addForeignKeyConstraint('revisions_function', [...FUNCTION], 'functions_5', [...OWNER], (key) =>
      key.onDelete('cascade'),
    )
    .execute();
  await moveRows(db, {
    ...{ from: 'revisions', to: 'revisions_5', key: ['id'] },
    columns: [
      ...['id', 'function_id', 'workspace_id', 'number', 'code_sha256'],
      ...['settings_json', 'env_json', 'isolation'],
    ],
    times: { created_at: 'created_at_ms' },
  });
}

async function createKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('keys_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('scopes_json', 'text', (column) => column.notNull())
    .addColumn('secret_sha256', 'text', (column) => column.notNull().unique())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at_ms', 'bigint')
    .addColumn('expires_at_ms', 'bigint')
    .addUniqueConstraint('keys_owned', [...OWNER])
    .execute();
  await moveRows(db, {
    ...{ from: 'keys', to: 'keys_5', key: ['id'] },
    columns: ['id', 'workspace_id', 'name', 'scopes_json', 'secret_sha256'],
    times: { created_at: 'created_at_ms', last_used_at: 'last_used_at_ms', expires_at: 'expires_at_ms' },
    nullable: ['last_used_at', 'expires_at'],
  });
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('token_sha256', 'text', (column) => column.notNull().unique())
    .addColumn('scopes_json', 'text', (column) => column.notNull())
    .addColumn('key_reference', 'text')
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('sessions_owned', [...OWNER])
    .execute();
  await moveRows(db, {
    ...{ from: 'sessions', to: 'sessions_5', key: ['id'] },
    columns: ['id', 'workspace_id', 'token_sha256', 'scopes_json', 'key_reference'],
    times: { created_at: 'created_at_ms', expires_at: 'expires_at_ms' },
  });
}

async function createSecrets(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('secrets_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('nonce', sql.raw(types.bytes), (column) => column.notNull())
    .addColumn('ciphertext', sql.raw(types.bytes), (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('secrets_owned', [...OWNER])
    .addForeignKeyConstraint('secrets_function', [...FUNCTION], 'functions_5', [...OWNER], (key) =>
      key.onDelete('cascade'),
    )
    .execute();
  await moveRows(db, {
    ...{ from: 'secrets', to: 'secrets_5', key: ['id'] },
    columns: ['id', 'workspace_id', 'function_id', 'key_id', 'nonce', 'ciphertext'],
    times: { created_at: 'created_at_ms' },
    owner: { column: 'function_id', table: 'functions' },
  });
}

async function createTestEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('test_events_5')
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('test_events_named', [...FUNCTION, 'name'])
    .addForeignKeyConstraint('test_events_function', [...FUNCTION], 'functions_5', [...OWNER], (key) =>
      key.onDelete('cascade'),
    )
    .execute();
  await moveRows(db, {
    ...{ from: 'test_events', to: 'test_events_5', key: ['function_id', 'name'] },
    columns: ['function_id', 'workspace_id', 'name', 'event'],
    times: { updated_at: 'updated_at_ms' },
  });
}

async function createComparisons(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('comparisons_5')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('server_id', 'text')
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('comparison_json', 'text', (column) => column.notNull())
    .addUniqueConstraint('comparisons_owned', [...OWNER])
    .addForeignKeyConstraint('comparisons_function', [...FUNCTION], 'functions_5', [...OWNER], (key) =>
      key.onDelete('cascade'),
    )
    .execute();
  await moveRows(db, {
    ...{ from: 'comparisons', to: 'comparisons_5', key: ['id'] },
    columns: ['id', 'workspace_id', 'function_id', 'state', 'comparison_json'],
    times: { created_at: 'created_at_ms' },
  });
}
