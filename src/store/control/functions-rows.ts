import type { Kysely, Selectable } from 'kysely';
import type { FunctionRecord, Revision } from '../../domain/function.ts';
import type { FunctionState, Isolation } from '../../domain/names.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { AddedRevision, ChangedSettings, FunctionsTable, NewFunction } from '../control-store.ts';
import { isConstraintFailure } from '../sqlite/sqlite-failure.ts';
import type { ControlSchema } from './control-schema.ts';
import { insertSecrets } from './secrets-rows.ts';

/** Functions and their revisions. */
export class FunctionsRows implements FunctionsTable {
  readonly #db: Kysely<ControlSchema>;

  constructor(db: Kysely<ControlSchema>) {
    this.#db = db;
  }

  async all(): Promise<FunctionRecord[]> {
    const functions = await this.#db.selectFrom('functions').selectAll().orderBy('id').execute();
    const newest = await this.#db
      .selectFrom('functions')
      .innerJoin('revisions', 'revisions.id', 'functions.revision_id')
      .selectAll('revisions')
      .execute();
    const byId = new Map(newest.map((row) => [row.id, revisionOf(row)]));
    return functions.map((row) => functionOf(row, byId.get(row.revision_id)));
  }

  async insert(fn: NewFunction): Promise<void> {
    const { id, workspaceId, name, urlId, state, at, settings, revision, secrets } = fn;
    const taken = await this.#db
      .selectFrom('functions')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('name', '=', name)
      .executeTakeFirst();
    if (taken !== undefined) throw new ColdframeError('function_exists');
    await this.#db
      .insertInto('functions')
      .values({
        id,
        workspace_id: workspaceId,
        name,
        url_id: urlId,
        state,
        revision_id: revision.id,
        settings_json: JSON.stringify(settings),
        change: 1,
        created_at: at,
        updated_at: at,
      })
      .execute();
    await this.#insertRevision(revision);
    await insertSecrets(this.#db, secrets);
  }

  async addRevision(functionId: string, added: AddedRevision): Promise<void> {
    const { revision, state, secrets } = added;
    await this.setSettings(functionId, added);
    try {
      await this.#insertRevision(revision);
    } catch (error) {
      if (isConstraintFailure(error)) throw new ColdframeError('function_changed', { cause: error });
      throw error;
    }
    await this.#db
      .updateTable('functions')
      .set({ revision_id: revision.id, state })
      .where('id', '=', functionId)
      .execute();
    await insertSecrets(this.#db, secrets);
  }

  async setSettings(functionId: string, { settings, change, at }: ChangedSettings): Promise<void> {
    const { numUpdatedRows } = await this.#db
      .updateTable('functions')
      .set({ settings_json: JSON.stringify(settings), change, updated_at: at })
      .where('id', '=', functionId)
      .where('change', '=', change - 1)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) return;
    const there = await this.#db.selectFrom('functions').select('id').where('id', '=', functionId).executeTakeFirst();
    throw new ColdframeError(there === undefined ? 'function_not_found' : 'function_changed');
  }

  async setState(functionId: string, state: FunctionState, at: string): Promise<void> {
    const { numUpdatedRows } = await this.#db
      .updateTable('functions')
      .set({ state, updated_at: at })
      .where('id', '=', functionId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ColdframeError('function_not_found');
  }

  async revision(revisionId: string): Promise<Revision | null> {
    const row = await this.#db.selectFrom('revisions').selectAll().where('id', '=', revisionId).executeTakeFirst();
    return row === undefined ? null : revisionOf(row);
  }

  async remove(functionId: string): Promise<void> {
    // Revisions and test events go with it, by their foreign keys.
    const { numDeletedRows } = await this.#db.deleteFrom('functions').where('id', '=', functionId).executeTakeFirst();
    if (numDeletedRows === 0n) throw new ColdframeError('function_not_found');
    await this.#db.deleteFrom('secrets').where('function_id', '=', functionId).execute();
  }

  async packageHashes(workspaceId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('revisions')
      .select('code_sha256')
      .distinct()
      .where('workspace_id', '=', workspaceId)
      .execute();
    return rows.map((row) => row.code_sha256);
  }

  async #insertRevision(revision: Revision): Promise<void> {
    await this.#db
      .insertInto('revisions')
      .values({
        id: revision.id,
        function_id: revision.functionId,
        workspace_id: revision.workspaceId,
        number: revision.number,
        code_sha256: revision.codeSha256,
        settings_json: JSON.stringify(revision.settings),
        env_json: JSON.stringify(revision.env),
        isolation: revision.isolation,
        created_at: revision.createdAt,
      })
      .execute();
  }
}

function functionOf(row: Selectable<ControlSchema['functions']>, revision: Revision | undefined): FunctionRecord {
  if (revision === undefined) {
    throw new ColdframeError('storage_unavailable', {
      internalMessage: `function ${row.id} has no revision ${row.revision_id}`,
    });
  }
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    urlId: row.url_id,
    state: row.state,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    settings: JSON.parse(row.settings_json),
    change: row.change,
    revision,
  };
}

function revisionOf(row: Selectable<ControlSchema['revisions']>): Revision {
  return {
    id: row.id,
    functionId: row.function_id,
    workspaceId: row.workspace_id,
    number: row.number,
    codeSha256: row.code_sha256,
    settings: JSON.parse(row.settings_json),
    env: JSON.parse(row.env_json),
    isolation: row.isolation as Isolation,
    createdAt: row.created_at,
  };
}
