import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempDir } from './testing/temp-dir.ts';

const SOURCE_DIR = new URL('..', import.meta.url);

test('only files of the store name node:sqlite or Kysely', async () => {
  const offenders: string[] = [];
  let seen = 0;
  for await (const file of glob('**/*.ts', { cwd: SOURCE_DIR })) {
    seen++;
    if (file.startsWith('store/') || file.endsWith('.test.ts')) continue;
    const text = await readFile(new URL(file, SOURCE_DIR), 'utf8');
    if (/from '(node:sqlite|kysely)'/.test(text)) offenders.push(file);
  }
  expect(seen).toBeGreaterThan(50);
  expect(offenders).toEqual([]);
});

test('the serving thread opens no database: SQLite is not even loaded in it while both stores serve', async () => {
  await using dir = await tempDir();
  const program = `
    const { openControlStore } = await import(${JSON.stringify(new URL('open-control-store.ts', import.meta.url).href)});
    const { openTelemetryStore } = await import(${JSON.stringify(new URL('open-telemetry-store.ts', import.meta.url).href)});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const control = await openControlStore({ dataDir: ${JSON.stringify(dir.path)}, log });
    const telemetry = await openTelemetryStore({ dataDir: ${JSON.stringify(dir.path)}, log });
    await control.settings.put('a', 'b');
    const stored = await control.settings.get('a');
    await telemetry.size();
    const loaded = process.moduleLoadList.filter((name) => /sqlite/.test(name));
    await control.close();
    await telemetry.close();
    console.log(JSON.stringify({ stored, loaded }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 30_000,
  });
  expect(JSON.parse(stdout)).toEqual({ stored: 'b', loaded: [] });
});
