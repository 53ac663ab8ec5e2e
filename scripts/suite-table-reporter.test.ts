import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startVitest } from 'vitest/node';
import { SuiteTableReporter } from './suite-table-reporter.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A real run of one test file made of `body`. */
async function report(
  body: string,
  required: string[] = [],
  longMs?: number,
): Promise<{ isWell: boolean; text: string }> {
  const folder = mkdtempSync(join(import.meta.dirname, 'reported-'));
  folders.push(folder);
  writeFileSync(join(folder, 'a.test.ts'), `import { describe, expect, it } from 'vitest';\n${body}`);
  let text = '';
  const reporter = new SuiteTableReporter({ required, longMs, out: (chunk) => (text += chunk) });
  const vitest = await startVitest('test', [], {
    root: folder,
    config: false,
    watch: false,
    reporters: [reporter],
    include: ['a.test.ts'],
    pool: 'threads',
  });
  await vitest.close();
  process.exitCode = 0;
  return { isWell: reporter.print(), text };
}

test('the last line counts what passed, failed and was skipped', async () => {
  const { isWell, text } = await report(
    "it('a', () => {});\nit('b', () => {});\nit('c', (t) => t.skip('needs docker'));\n",
  );
  expect(isWell).toBe(true);
  expect(text.trimEnd().split('\n').at(-1)).toBe('2 passed, 0 failed, 1 skipped');
});

test('a skip shows its reason and what enables it, whether by note or by title', async () => {
  const { text } = await report(
    "it('a', (t) => t.skip('needs docker, which is absent'));\nit.skip('b (needs root)', () => {});\nit('c', () => {});\n",
  );
  expect(text).toMatch(/1 +1|1 +0 +1 +needs docker, which is absent +apt-get install docker\.io/);
  expect(text).toMatch(/needs root +sudo npm test/);
});

test('a skip of what COLDFRAME_REQUIRE names is a failure; other skips are not', async () => {
  const body = "describe.skip('x (needs bubblewrap)', () => { it('y', () => {}); });\nit('z', () => {});\n";
  expect(await report(body, ['docker'])).toMatchObject({ isWell: true });
  const { isWell, text } = await report(body, ['docker', 'bubblewrap']);
  expect(isWell).toBe(false);
  expect(text).toContain('COLDFRAME_REQUIRE names bubblewrap');
  expect(text.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed, 1 skipped');
});

test('where something is required, a skip without a reason is a failure', async () => {
  const body = "it.skip('x', () => {});\nit('y', () => {});\n";
  expect((await report(body)).isWell).toBe(true);
  expect((await report(body, ['docker'])).isWell).toBe(false);
});

test('failed tests, broken files, and runs of nothing are not well', async () => {
  const failed = await report("it('a', () => { expect(1).toBe(2); });\n");
  expect(failed.isWell).toBe(false);
  expect(failed.text).toContain('FAILED');
  expect((await report("throw new Error('broken file');\n")).text).toContain('broken file');
  expect((await report('')).isWell).toBe(false);
});

test('what takes long is named as it ends, and a test may tell how far it is', async () => {
  const { text } = await report(
    "it('long', async (t) => {\n  await t.annotate('half done');\n  const endMs = performance.now() + 300; while (performance.now() < endMs);\n});\nit('short', () => {});\n",
    [],
    250,
  );
  expect(text).toMatch(/ {2}long: half done\n {2}passed long \(\d+ ms\)\n/);
  expect(text).not.toContain('passed short');
});

test('each file shows how far its project is, and the slowest files close the report', async () => {
  const { text } = await report("it('a', () => {});\n");
  expect(text).toMatch(/^ ok {2}1\/1: .*a\.test\.ts \(\d+ ms\)$/m);
  expect(text).toMatch(/slowest files\n +\d+\.\d s {2}.*a\.test\.ts\n/);
});
