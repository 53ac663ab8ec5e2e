import { sql } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/** The durable queue of asynchronous invocations, the leases of the servers that run it, and keys of calls made once. */
export const theQueue: Migration = {
  number: 7,
  name: 'the queue',
  async up(db, { bytes }) {
    for (const name of ['lease_until_ms', 'clock_ms'])
      await db.schema
        .alterTable('servers')
        .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
        .execute();
    // No foreign keys: a deleted function's rows end in steps, not in one transaction.
    await db.schema
      .createTable('live_invocations')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull())
      .addColumn('function_name', 'text', (column) => column.notNull())
      .addColumn('queue_key', 'text', (column) => column.notNull())
      .addColumn('trigger_name', 'text', (column) => column.notNull())
      .addColumn('parent_id', 'text')
      .addColumn('root_id', 'text')
      .addColumn('depth', 'bigint', (column) => column.notNull())
      .addColumn('schedule_id', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('due_ms', 'bigint')
      .addColumn('accepted_ms', 'bigint', (column) => column.notNull())
      .addColumn('expires_ms', 'bigint', (column) => column.notNull())
      .addColumn('attempt', 'bigint', (column) => column.notNull())
      .addColumn('failures', 'bigint', (column) => column.notNull())
      .addColumn('losses', 'bigint', (column) => column.notNull())
      .addColumn('owner', 'text')
      .addColumn('fence', 'bigint', (column) => column.notNull())
      .addColumn('began_ms', 'bigint')
      .addColumn('outcome', 'text')
      .addColumn('reason', 'text')
      .addColumn('ended_ms', 'bigint')
      .addColumn('untold_ms', 'bigint')
      .addColumn('attempts_json', 'text', (column) => column.notNull())
      .addColumn('event', bytes)
      .addColumn('event_bytes', 'bigint', (column) => column.notNull())
      .addColumn('min_isolation', 'text')
      .addColumn('trace_id', 'text')
      .addColumn('cancel_asked', 'bigint', (column) => column.notNull())
      .execute();
    const index = (name: string, columns: string[], condition: string) =>
      db.schema
        .createIndex(name)
        .on('live_invocations')
        .columns(columns)
        .where(sql.ref(condition), 'is not', null)
        .execute();
    await index('live_invocations_due', ['workspace_id', 'queue_key', 'due_ms', 'id', 'event_bytes'], 'due_ms');
    await index('live_invocations_expiring', ['expires_ms'], 'due_ms');
    await index('live_invocations_owned', ['owner', 'id'], 'owner');
    await index('live_invocations_untold', ['untold_ms', 'id'], 'untold_ms');
    await index('live_invocations_dead', ['workspace_id', 'id'], 'reason');
    await index('live_invocations_dead_of', ['workspace_id', 'queue_key', 'event_bytes'], 'reason');
    await index('live_invocations_dead_since', ['ended_ms'], 'reason');
    await index('live_invocations_scheduled', ['schedule_id', 'id'], 'schedule_id');
    await db.schema
      .createIndex('live_invocations_listed')
      .on('live_invocations')
      .columns(['workspace_id', 'id'])
      .execute();
    // Larger events are apart, so that no change of a row's state writes them again.
    await db.schema
      .createTable('invocation_events')
      .addColumn('invocation_id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('body', bytes, (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('paused_queues')
      .addColumn('function_id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('paused_ms', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('idempotency_keys')
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('body_sha256', 'text', (column) => column.notNull())
      .addColumn('invocation_id', 'text', (column) => column.notNull())
      .addColumn('owner', 'text')
      .addColumn('reply_json', 'text')
      .addColumn('reply_body', bytes)
      .addColumn('expires_ms', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('idempotency_keys_key', ['workspace_id', 'function_id', 'key'])
      .execute();
    await db.schema.createIndex('idempotency_keys_expiring').on('idempotency_keys').column('expires_ms').execute();
  },
};
