import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const SOURCE_DIR = new URL('..', import.meta.url);

test('no text becomes a workspace but the default one', async () => {
  const makers: string[] = [];
  let seen = 0;
  for await (const file of glob('**/*.ts', { cwd: SOURCE_DIR })) {
    seen++;
    // Examples of suites that open stores of their own.
    if (/\.test\.ts$|\/testing\/|\/conformance\//.test(file)) continue;
    if (/\bas WorkspaceId\b/.test(await readFile(new URL(file, SOURCE_DIR), 'utf8'))) makers.push(file);
  }
  expect(seen).toBeGreaterThan(500);
  expect(makers).toEqual(['domain/default-workspace.ts']);
});
