import { sql } from 'kysely';
import type { Migration } from '../../contract/engine.ts';

/** What the records of each function take is counted from now on; for those stored before it is summed up here. */
export const functionVolumes: Migration = {
  number: 3,
  name: 'function-volumes',
  async up(db) {
    await db.schema
      .createTable('function_volumes')
      .addColumn('workspace_id', 'text', (column) => column.notNull())
      .addColumn('function_id', 'text', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('function_volumes_pk', ['workspace_id', 'function_id'])
      .execute();
    // As records are weighed when they come and go: 300 bytes a row beside its texts.
    await sql`
      insert into function_volumes
      select workspace_id, function_id, sum(bytes)
      from (
        select workspace_id, function_id, 300 as bytes from invocations
        union all
        select workspace_id, function_id, 300 + octet_length(fields_json) + coalesce(octet_length(error_type), 0)
          + coalesce(octet_length(top_frame), 0) + coalesce(octet_length(lines_json), 0)
        from attempts
        union all
        select invocations.workspace_id, function_id,
          coalesce(octet_length(event), 0) + coalesce(octet_length(result), 0)
        from payloads inner join invocations on invocations.id = payloads.invocation_id
      ) as one
      group by workspace_id, function_id`.execute(db);
  },
};
