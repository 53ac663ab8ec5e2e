import type { Selectable } from 'kysely';
import type { FunctionRecord, Revision } from '../../domain/function.ts';
import type { Isolation } from '../../domain/names.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { ChangedSettings, FunctionsTable } from '../contract/control-store.ts';
import { tellChange } from './changes-rows.ts';
import type { ControlSchema } from './control-schema.ts';
import { claimRoutes } from './routes-rows.ts';
import { insertSecrets } from './secrets-rows.ts';
import type { Read, WorkspaceStatements, Write } from './statements.ts';
import { toMs, toTime } from './times.ts';

/** Functions and their revisions. */
export const functionsRows: WorkspaceStatements<FunctionsTable> = {
  async get({ db }, workspaceId, functionId) {
    const row = await db
      .selectFrom('functions')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .executeTakeFirst();
    return row === undefined ? null : functionOf(row, await readRevision({ db }, workspaceId, row.revision_id));
  },

  async insert(tx, workspaceId, fn) {
    const { id, name, urlId, state, at, settings, revision, secrets, routeKeys } = fn;
    try {
      await tx.db
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
          created_at_ms: toMs(at),
          updated_at_ms: toMs(at),
        })
        .execute();
    } catch (error) {
      throw tx.isUniqueViolation(error) ? new ColdframeError('function_exists', { cause: error }) : error;
    }
    await insertRevision(tx, workspaceId, id, revision);
    await insertSecrets(tx, workspaceId, secrets);
    await claimRoutes(tx, workspaceId, id, routeKeys);
    await tellChange(tx, { topic: 'function', workspaceId, id });
  },

  async addRevision(tx, workspaceId, functionId, added) {
    const { revision, state, secrets } = added;
    await changeSettings(tx, workspaceId, functionId, added);
    try {
      await insertRevision(tx, workspaceId, functionId, revision);
    } catch (error) {
      throw tx.isUniqueViolation(error) ? new ColdframeError('function_changed', { cause: error }) : error;
    }
    await tx.db
      .updateTable('functions')
      .set({ revision_id: revision.id, state })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .execute();
    await insertSecrets(tx, workspaceId, secrets);
    await tellChange(tx, { topic: 'function', workspaceId, id: functionId });
  },

  async setSettings(tx, workspaceId, functionId, changed) {
    await changeSettings(tx, workspaceId, functionId, changed);
    await tellChange(tx, { topic: 'function', workspaceId, id: functionId });
  },

  async setState(tx, workspaceId, functionId, state, at) {
    const { numUpdatedRows } = await tx.db
      .updateTable('functions')
      .set({ state, updated_at_ms: toMs(at) })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new ColdframeError('function_not_found');
    await tellChange(tx, { topic: 'function', workspaceId, id: functionId });
  },

  async revision(tx, workspaceId, revisionId) {
    return (await readRevision(tx, workspaceId, revisionId)) ?? null;
  },

  async remove(tx, workspaceId, functionId) {
    // Foreign keys remove everything that belongs to it.
    const { numDeletedRows } = await tx.db
      .deleteFrom('functions')
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', functionId)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw new ColdframeError('function_not_found');
    await tellChange(tx, { topic: 'function', workspaceId, id: functionId });
  },

  async packageHashes({ db }, workspaceId) {
    const rows = await db
      .selectFrom('revisions')
      .select('code_sha256')
      .distinct()
      .where('workspace_id', '=', workspaceId)
      .execute();
    return rows.map((row) => row.code_sha256);
  },
};

/** Functions of every workspace, each with its newest revision. */
export async function allFunctions({ db }: Read): Promise<FunctionRecord[]> {
  const functions = await db.selectFrom('functions').selectAll().orderBy('id').execute();
  const newest = await db
    .selectFrom('functions')
    .innerJoin('revisions', (join) =>
      join
        .onRef('revisions.workspace_id', '=', 'functions.workspace_id')
        .onRef('revisions.id', '=', 'functions.revision_id'),
    )
    .selectAll('revisions')
    .execute();
  const byId = new Map(newest.map((row) => [row.id, revisionOf(row)]));
  return functions.map((row) => functionOf(row, byId.get(row.revision_id)));
}

async function changeSettings(
  tx: Write,
  workspaceId: WorkspaceId,
  functionId: string,
  { settings, routeKeys, change, at }: ChangedSettings,
): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('functions')
    .set({ settings_json: JSON.stringify(settings), change, updated_at_ms: toMs(at) })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', functionId)
    .where('change', '=', change - 1)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) {
    const there = await functionsRows.get(tx, workspaceId, functionId);
    throw new ColdframeError(there === null ? 'function_not_found' : 'function_changed');
  }
  await claimRoutes(tx, workspaceId, functionId, routeKeys);
}

async function readRevision({ db }: Read, workspaceId: WorkspaceId, id: string): Promise<Revision | undefined> {
  const row = await db
    .selectFrom('revisions')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : revisionOf(row);
}

async function insertRevision(
  { db }: Write,
  workspaceId: WorkspaceId,
  functionId: string,
  revision: Revision,
): Promise<void> {
  await db
    .insertInto('revisions')
    .values({
      id: revision.id,
      function_id: functionId,
      workspace_id: workspaceId,
      number: revision.number,
      code_sha256: revision.codeSha256,
      settings_json: JSON.stringify(revision.settings),
      env_json: JSON.stringify(revision.env),
      isolation: revision.isolation,
      created_at_ms: toMs(revision.createdAt),
    })
    .execute();
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
    createdAt: toTime(row.created_at_ms),
    updatedAt: toTime(row.updated_at_ms),
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
    createdAt: toTime(row.created_at_ms),
  };
}
