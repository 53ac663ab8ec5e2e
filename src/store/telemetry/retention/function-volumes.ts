import type { StatementSync } from 'node:sqlite';
import type { OpenDatabase } from '../../sqlite/open-database.ts';
import type { TelemetrySchema } from '../telemetry-schema.ts';
import type { FunctionVolume } from './retention-plan.ts';

/**
 * What the records of each function take. Every transaction that adds or removes records says here what it changed, so
 * retention asks one row for each function and never weighs the records themselves.
 */
export class FunctionVolumes {
  readonly #database: OpenDatabase<TelemetrySchema>;
  readonly #add: StatementSync;
  readonly #takeAway: StatementSync;
  readonly #removeEmpty: StatementSync;

  constructor(database: OpenDatabase<TelemetrySchema>) {
    const { db, raw } = database;
    this.#database = database;
    const add = db
      .insertInto('function_volumes')
      .values({ workspace_id: '', function_id: '', bytes: 0 })
      .onConflict((conflict) =>
        conflict
          .columns(['workspace_id', 'function_id'])
          .doUpdateSet((row) => ({ bytes: row('function_volumes.bytes', '+', row.ref('excluded.bytes')) })),
      );
    this.#add = raw.prepare(add.compile().sql);
    const takeAway = db
      .updateTable('function_volumes')
      .set((row) => ({ bytes: row('bytes', '-', 0) }))
      .where('workspace_id', '=', '')
      .where('function_id', '=', '');
    this.#takeAway = raw.prepare(takeAway.compile().sql);
    const removeEmpty = db
      .deleteFrom('function_volumes')
      .where('workspace_id', '=', '')
      .where('function_id', '=', '')
      .where('bytes', '<=', 0);
    this.#removeEmpty = raw.prepare(removeEmpty.compile().sql);
  }

  /** Inside the transaction that adds the records. */
  add(volumes: Iterable<FunctionVolume>): void {
    for (const { workspaceId, functionId, bytes } of volumes) this.#add.run(workspaceId, functionId, bytes);
  }

  /** Inside the transaction that removes the records. */
  takeAway(volumes: Iterable<FunctionVolume>): void {
    for (const { workspaceId, functionId, bytes } of volumes) {
      this.#takeAway.run(bytes, workspaceId, functionId);
      this.#removeEmpty.run(workspaceId, functionId, 0);
    }
  }

  async all(): Promise<FunctionVolume[]> {
    const rows = await this.#database.db.selectFrom('function_volumes').selectAll().execute();
    return rows.map((row) => ({ workspaceId: row.workspace_id, functionId: row.function_id, bytes: row.bytes }));
  }
}

/** Sums volumes of the same function; one that does not change is left out. */
export class VolumeSum {
  readonly #volumes = new Map<string, FunctionVolume>();

  add({ workspaceId, functionId }: Pick<FunctionVolume, 'workspaceId' | 'functionId'>, bytes: number): void {
    if (bytes === 0) return;
    const key = `${workspaceId} ${functionId}`;
    const known = this.#volumes.get(key);
    if (known === undefined) this.#volumes.set(key, { workspaceId, functionId, bytes });
    else known.bytes += bytes;
  }

  values(): Iterable<FunctionVolume> {
    return this.#volumes.values();
  }
}
