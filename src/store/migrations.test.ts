import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Migration } from './contract/engine.ts';
import { CONTROL_MIGRATIONS } from './control/control-migrations.ts';
import { openControlStore } from './open-control-store.ts';
import { openTelemetryStore } from './open-telemetry-store.ts';
import { migrate } from './sqlite/migrate.ts';
import { type OpenDatabase, openForWriting } from './sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from './telemetry/telemetry-migrations.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const SCHEMAS = { 'control.db': CONTROL_MIGRATIONS, 'telemetry.db': TELEMETRY_MIGRATIONS };

test.each(Object.entries(SCHEMAS))('every step of %s counts up without holes', (_file, migrations) => {
  expect(migrations.map((migration) => migration.number)).toEqual(migrations.map((_, index) => index + 1));
});

test.each(Object.entries(SCHEMAS))(
  '%s of each earlier version ends with the schema a new one has',
  async (file, migrations) => {
    await using dir = await tempDir();
    const fresh = await schemaAfter(join(dir.path, `fresh-${file}`), [migrations]);
    for (let known = 1; known <= migrations.length; known++) {
      const steps = [migrations.slice(0, known), migrations, migrations];
      expect(await schemaAfter(join(dir.path, `${known}-${file}`), steps)).toEqual(fresh);
    }
  },
);

test.each(['control.db', 'telemetry.db'])(
  '%s written by a newer version is refused by name and left as it is',
  async (file) => {
    await using dir = await tempDir();
    const open = file === 'control.db' ? openControlStore : openTelemetryStore;
    const options = { dataDir: dir.path, log: keptLog() };
    await (await open(options)).close();
    const database = new DatabaseSync(join(dir.path, file));
    database.exec("insert into schema_migrations (number, name, applied_at) values (999, 'later', '')");
    database.close();
    await expect(open(options)).rejects.toMatchObject({ code: 'data_dir_newer' });
    expect(schemaOf(join(dir.path, file))).toContain('schema_migrations');
  },
);

test('a step that fails leaves nothing of itself behind', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'x.db');
  const broken: Migration = {
    number: 1,
    name: 'broken',
    async up(db) {
      await db.schema.createTable('half').addColumn('a', 'text').execute();
      throw new Error('no');
    },
  };
  await expect(schemaAfter(path, [[broken]])).rejects.toThrow('no');
  expect(schemaOf(path)).not.toContain('half');
});

test('what is no database is refused as unavailable, not overwritten', async () => {
  await using dir = await tempDir();
  const { writeFile, readFile } = await import('node:fs/promises');
  const text = 'this is no database, but somebody needs it '.repeat(50);
  await writeFile(join(dir.path, 'control.db'), text);
  const opening = openControlStore({ dataDir: dir.path, log: keptLog() });
  await expect(opening).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await readFile(join(dir.path, 'control.db'), 'utf8')).toBe(text);
});

test('settings that are the function’s own move to it from its newest revision, and leave every revision', async () => {
  await using dir = await tempDir();
  const path = join(dir.path, 'control.db');
  await schemaAfter(path, [CONTROL_MIGRATIONS.filter(({ number }) => number <= 3)]);
  const database = new DatabaseSync(path);
  const settings = (maxConcurrency: number) => JSON.stringify({ handler: 'a.b', maxConcurrency, tags: { t: '1' } });
  database.exec(`
    insert into functions (id, workspace_id, name, url_id, state, revision_id, created_at, updated_at)
      values ('f', 'default', 'f', 'u', 'active', 'r2', '', '');
    insert into revisions (id, function_id, workspace_id, number, code_sha256, settings_sha256, settings_json, env_json,
        isolation, created_at)
      values ('r1', 'f', 'default', 1, 'c', 's', '${settings(1)}', '{}', 'process', ''),
        ('r2', 'f', 'default', 2, 'c', 's', '${settings(2)}', '{}', 'process', '');`);
  database.close();
  await schemaAfter(path, [CONTROL_MIGRATIONS]);
  const after = new DatabaseSync(path, { readOnly: true });
  const read = (query: string) =>
    after
      .prepare(query)
      .all()
      .map((row) => Object.values(row));
  expect(read('select settings_json, change from functions')).toEqual([['{"maxConcurrency":2,"tags":{"t":"1"}}', 1]]);
  expect(read('select settings_json from revisions')).toEqual([['{"handler":"a.b"}'], ['{"handler":"a.b"}']]);
  after.close();
});

async function schemaAfter(path: string, runs: (readonly Migration[])[]): Promise<string> {
  for (const migrations of runs) {
    const database = openForWriting(path, 'NORMAL') as OpenDatabase<unknown>;
    try {
      await migrate(database, migrations);
    } finally {
      database.raw.close();
    }
  }
  return schemaOf(path);
}

function schemaOf(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('select type, name, sql from sqlite_schema order by type, name').all();
  database.close();
  return JSON.stringify(rows);
}
