import type { Migration } from '../../contract/engine.ts';

/** Schedules and what became of their last ticks. Both go with their function. */
export const schedules: Migration = {
  number: 8,
  name: 'schedules',
  async up(db) {
    await db.schema
      .createTable('schedules')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('expression', 'text', (column) => column.notNull())
      .addColumn('timezone', 'text', (column) => column.notNull())
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('enabled', 'bigint', (column) => column.notNull())
      .addColumn('jitter_ms', 'bigint', (column) => column.notNull())
      .addColumn('catch_up', 'text', (column) => column.notNull())
      .addColumn('catch_up_max', 'bigint', (column) => column.notNull())
      .addColumn('catch_up_window_ms', 'bigint', (column) => column.notNull())
      .addColumn('overlap', 'text', (column) => column.notNull())
      .addColumn('start_ms', 'bigint')
      .addColumn('end_ms', 'bigint')
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('change', 'bigint', (column) => column.notNull())
      .addColumn('created_ms', 'bigint', (column) => column.notNull())
      .addColumn('updated_ms', 'bigint', (column) => column.notNull())
      .addColumn('anchor_ms', 'bigint', (column) => column.notNull())
      .addColumn('next_ms', 'bigint')
      .addColumn('last_ms', 'bigint')
      .addColumn('waiting_ms', 'bigint')
      .addUniqueConstraint('schedules_id', ['workspace_id', 'id'])
      .addUniqueConstraint('schedules_name', ['workspace_id', 'function_id', 'name'])
      .addForeignKeyConstraint(
        'schedules_function',
        ['workspace_id', 'function_id'],
        'functions',
        ['workspace_id', 'id'],
        (key) => key.onDelete('cascade'),
      )
      .execute();
    await db.schema
      .createTable('schedule_runs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('schedule_id', 'text', (column) => column.notNull())
      .addColumn('cause', 'text', (column) => column.notNull())
      .addColumn('tick_ms', 'bigint', (column) => column.notNull())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('invocation_id', 'text')
      .addColumn('missed', 'bigint', (column) => column.notNull())
      .addForeignKeyConstraint(
        'schedule_runs_schedule',
        ['workspace_id', 'schedule_id'],
        'schedules',
        ['workspace_id', 'id'],
        (key) => key.onDelete('cascade'),
      )
      .execute();
    await db.schema
      .createIndex('schedule_runs_of')
      .on('schedule_runs')
      .columns(['workspace_id', 'schedule_id', 'id'])
      .execute();
  },
};
