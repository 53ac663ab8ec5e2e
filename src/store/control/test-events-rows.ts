import type { Kysely, Selectable } from 'kysely';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { TestEventRow, TestEventsTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

/** Events saved with a function to call it by hand. */
export class TestEventsRows implements TestEventsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async list(functionId: string): Promise<TestEventRow[]> {
    const rows = await this.#db
      .selectFrom('test_events')
      .selectAll()
      .where('function_id', '=', functionId)
      .orderBy('name')
      .execute();
    return rows.map(testEventOf);
  }

  async get(functionId: string, name: string): Promise<TestEventRow | null> {
    const row = await this.#db
      .selectFrom('test_events')
      .selectAll()
      .where('function_id', '=', functionId)
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? null : testEventOf(row);
  }

  /** `function_not_found` when there is no such function. */
  async put(row: TestEventRow): Promise<{ created: boolean }> {
    const owner = await this.#db
      .selectFrom('functions')
      .select('workspace_id')
      .where('id', '=', row.functionId)
      .executeTakeFirst();
    if (owner === undefined) throw new ColdframeError('function_not_found');
    const known = await this.get(row.functionId, row.name);
    const content = { event: row.event, updated_at: row.updatedAt };
    await this.#db
      .insertInto('test_events')
      .values({ function_id: row.functionId, workspace_id: owner.workspace_id, name: row.name, ...content })
      .onConflict((conflict) => conflict.columns(['function_id', 'name']).doUpdateSet(content))
      .execute();
    return { created: known === null };
  }

  async remove(functionId: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('test_events')
      .where('function_id', '=', functionId)
      .where('name', '=', name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }
}

function testEventOf(row: Selectable<ControlSchema['test_events']>): TestEventRow {
  return { functionId: row.function_id, name: row.name, event: row.event, updatedAt: row.updated_at };
}
