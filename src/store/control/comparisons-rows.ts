import type { Kysely } from 'kysely';
import { asInterrupted, type Comparison } from '../../domain/comparison.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { ComparisonPage, ComparisonsTable } from '../control-store.ts';
import type { ControlSchema } from './control-schema.ts';

const ID = /^[0-9a-f-]{36}$/;

/** Comparisons, newest first by id. */
export class ComparisonsRows implements ComparisonsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async insert(comparison: Comparison, keptMax: number): Promise<void> {
    const { id, workspaceId, functionId, state, createdAt } = comparison;
    const owner = await this.#db.selectFrom('functions').select('id').where('id', '=', functionId).executeTakeFirst();
    if (owner === undefined) throw new ColdframeError('function_not_found');
    await this.#db
      .insertInto('comparisons')
      .values({
        id,
        workspace_id: workspaceId,
        function_id: functionId,
        state,
        created_at: createdAt,
        comparison_json: JSON.stringify(comparison),
      })
      .execute();
    const kept = this.#db
      .selectFrom('comparisons')
      .select('id')
      .where('function_id', '=', functionId)
      .orderBy('id', 'desc')
      .limit(keptMax);
    await this.#db
      .deleteFrom('comparisons')
      .where('function_id', '=', functionId)
      .where('id', 'not in', kept)
      .execute();
  }

  async update(comparison: Comparison): Promise<void> {
    await this.#db
      .updateTable('comparisons')
      .set({ state: comparison.state, comparison_json: JSON.stringify(comparison) })
      .where('id', '=', comparison.id)
      .execute();
  }

  async get(workspaceId: string, id: string): Promise<Comparison | null> {
    const row = await this.#db
      .selectFrom('comparisons')
      .select('comparison_json')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : JSON.parse(row.comparison_json);
  }

  async list(
    functionId: string,
    { limit, cursor }: ComparisonPage,
  ): Promise<{ items: Comparison[]; nextCursor: string | null }> {
    let query = this.#db
      .selectFrom('comparisons')
      .select('comparison_json')
      .where('function_id', '=', functionId)
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (cursor !== undefined) query = query.where('id', '<', idOf(cursor));
    const rows = await query.execute();
    const items = rows.slice(0, limit).map((row): Comparison => JSON.parse(row.comparison_json));
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async interruptRunning(at: string): Promise<number> {
    const rows = await this.#db
      .selectFrom('comparisons')
      .select('comparison_json')
      .where('state', '=', 'running')
      .execute();
    for (const row of rows) await this.update(asInterrupted(JSON.parse(row.comparison_json), at));
    return rows.length;
  }
}

function idOf(cursor: string): string {
  if (ID.test(cursor)) return cursor;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/query/cursor', message: 'is not a cursor of this list' }],
  });
}
