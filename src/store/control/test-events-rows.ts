import type { Selectable } from 'kysely';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { TestEventRow, TestEventsTable } from '../contract/control-store.ts';
import type { ControlSchema } from './control-schema.ts';
import type { Read, WorkspaceStatements } from './statements.ts';
import { toMs, toTime } from './times.ts';

/** Events saved with a function to call it by hand. */
export const testEventsRows: WorkspaceStatements<TestEventsTable> = {
  async list({ db }, workspaceId, functionId) {
    const rows = await db
      .selectFrom('test_events')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('function_id', '=', functionId)
      .orderBy('name')
      .execute();
    return rows.map(testEventOf);
  },

  get: readTestEvent,

  async put({ db }, workspaceId, row) {
    const owner = await db
      .selectFrom('functions')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', row.functionId)
      .executeTakeFirst();
    if (owner === undefined) throw new ColdframeError('function_not_found');
    const known = await readTestEvent({ db }, workspaceId, row.functionId, row.name);
    const content = { event: row.event, updated_at_ms: toMs(row.updatedAt) };
    await db
      .insertInto('test_events')
      .values({ function_id: row.functionId, workspace_id: workspaceId, name: row.name, ...content })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'function_id', 'name']).doUpdateSet(content))
      .execute();
    return { created: known === null };
  },

  async remove({ db }, workspaceId, functionId, name) {
    const { numDeletedRows } = await db
      .deleteFrom('test_events')
      .where('workspace_id', '=', workspaceId)
      .where('function_id', '=', functionId)
      .where('name', '=', name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  },
};

async function readTestEvent(
  { db }: Read,
  workspaceId: WorkspaceId,
  functionId: string,
  name: string,
): Promise<TestEventRow | null> {
  const row = await db
    .selectFrom('test_events')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('function_id', '=', functionId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? null : testEventOf(row);
}

function testEventOf(row: Selectable<ControlSchema['test_events']>): TestEventRow {
  return { functionId: row.function_id, name: row.name, event: row.event, updatedAt: toTime(row.updated_at_ms) };
}
