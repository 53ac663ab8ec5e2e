import { type Kysely, sql } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/** The first schema of telemetry.db. */
export const first: Migration = {
  number: 1,
  name: 'first',
  async up(db) {
    await createInvocations(db);
    await createPayloads(db);
    await createLogBlocks(db);
    await createRollups(db);
  },
};

async function createInvocations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invocations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('function_name', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('trigger', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('isolation', 'text')
    .addColumn('start', 'text')
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('duration_ms', 'real')
    .addColumn('event_bytes', 'integer', (column) => column.notNull())
    .addColumn('result_bytes', 'integer')
    .addColumn('attempts_json', 'text', (column) => column.notNull())
    .execute();
  // The filters of the list are in the indexes, so that a rare outcome is found without reading the rows between.
  const filters = ['id', 'started_at', 'outcome', 'start', 'state'];
  await db.schema
    .createIndex('invocations_by_workspace')
    .on('invocations')
    .columns(['workspace_id', ...filters])
    .execute();
  await db.schema
    .createIndex('invocations_by_function')
    .on('invocations')
    .columns(['function_id', ...filters])
    .execute();
}

async function createPayloads(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('payloads')
    .addColumn('invocation_id', 'text', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('event', 'text')
    .addColumn('result', 'text')
    .execute();
}

async function createLogBlocks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('log_blocks')
    .addColumn('invocation_id', 'text', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('function_name', 'text', (column) => column.notNull())
    .addColumn('first_at', 'text', (column) => column.notNull())
    .addColumn('last_at', 'text', (column) => column.notNull())
    .addColumn('lines_json', 'text', (column) => column.notNull())
    .execute();
  // The only index for a block, also for a search by an invocation's id, because whoever asks knows the function. Each
  // further index costs every call.
  await db.schema
    .createIndex('log_blocks_by_function')
    .on('log_blocks')
    .columns(['function_id', 'invocation_id', 'attempt', 'first_at', 'last_at'])
    .execute();
}

async function createRollups(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('series')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('workspace_id', 'text', (column) => column.notNull())
    .addColumn('function_id', 'text', (column) => column.notNull())
    .addColumn('isolation', 'text', (column) => column.notNull())
    .addColumn('start', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addUniqueConstraint('series_unique', ['workspace_id', 'function_id', 'isolation', 'start', 'outcome'])
    .execute();
  await db.schema.createIndex('series_by_function').on('series').column('function_id').execute();
  await db.schema
    .createTable('rollups')
    .addColumn('resolution_ms', 'integer', (column) => column.notNull())
    .addColumn('series_id', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'integer', (column) => column.notNull())
    .addColumn('invocations', 'integer', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('cpu_ms', 'real', (column) => column.notNull())
    .addColumn('cpu_attempts', 'integer', (column) => column.notNull())
    .addColumn('max_memory_mib', 'real')
    .addPrimaryKeyConstraint('rollups_pk', ['resolution_ms', 'series_id', 'at_ms'])
    .modifyEnd(sql`without rowid`)
    .execute();
  await db.schema.createIndex('rollups_by_age').on('rollups').columns(['resolution_ms', 'at_ms']).execute();
  await db.schema
    .createTable('rollup_buckets')
    .addColumn('resolution_ms', 'integer', (column) => column.notNull())
    .addColumn('series_id', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'integer', (column) => column.notNull())
    .addColumn('bucket', 'integer', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('rollup_buckets_pk', ['resolution_ms', 'series_id', 'at_ms', 'bucket'])
    .modifyEnd(sql`without rowid`)
    .execute();
}
