import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';
import { zipOf } from './support/zip-of.ts';

const BREAKS = 'export const handler = async (event) => {\n  return event.order.lines;\n};\n';
const STAGED = 'export const handler = async () => process.env.STAGE ?? "no stage";\n';

describe.skipIf(chromiumPath === null)('a new function (needs chromium)', { timeout: PREPARE_TIMEOUT_MS }, () => {
  const bed = sharedBed();

  const open = async (query = ''): Promise<WorkbenchPage> => {
    const bench = new WorkbenchPage(await bed.page({ path: `/new${query}` }));
    await bench.page.getByRole('textbox', { name: /^Code of / }).waitFor();
    return bench;
  };
  const name = (page: Page) => page.getByRole('textbox', { name: 'Name', exact: true });
  const names = async (): Promise<string[]> =>
    (await bed.server.api<{ items: { name: string }[] }>('GET', '/functions')).body.items.map((one) => one.name);
  const code = async (of: string) =>
    (
      await bed.server.api<{ files: Record<string, string>; binaryFiles: { path: string }[] }>(
        'GET',
        `/functions/${of}/code`,
      )
    ).body;

  it('is run before anything is created: result, log, error line, and where the time went', async () => {
    const bench = await open();
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('"hello": "Ada"').waitFor();
    await bench.result.getByText('unsaved code', { exact: true }).waitFor();
    await bench.page.getByRole('list', { name: 'Log lines' }).getByRole('listitem').first().waitFor();
    for (const phase of ['queue', 'claim', 'load', 'import', 'handler', 'reply'])
      expect(await bench.result.getByText(phase, { exact: true }).count()).toBe(1);
    await bench.write('index.mjs', BREAKS);
    await bench.page.getByRole('button', { name: /^Run/ }).click();
    await bench.errorLine.filter({ hasText: 'event.order.lines' }).waitFor();
    await expectAccessible(bench.page);
    expect(await names()).toEqual([]);
  });

  it('what was written is kept over a reload, is what is created, and the template is as before', async () => {
    const bench = await open('?topic=http-api');
    await bench.write('index.mjs', 'export const handler = async () => "mine";\n');
    await bench.page.getByText('Not created yet; draft kept in this browser.').waitFor();
    await bench.page.reload();
    await bench.editor('index.mjs').getByText('"mine"').waitFor();
    await name(bench.page).fill('kept');
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.waitForURL('**/functions/kept');
    await bench.resultText.getByText('mine').waitFor();
    await bench.result.getByText('deployed code', { exact: true }).waitFor();
    expect((await code('kept')).files).toEqual({ 'index.mjs': 'export const handler = async () => "mine";\n' });
    await bench.page.goto(`${bed.server.url}/new?topic=http-api`);
    await bench.page.getByText('Nothing is created yet').waitFor();
    expect(await bench.page.getByRole('button', { name: 'Discard changes' }).count()).toBe(0);
  });

  it('never runs as a function that is there, and a name that is taken is said at its field', async () => {
    await bed.server.deploy('staged', 'nodejs', STAGED, { env: { STAGE: 'live' } });
    const bench = await open('?topic=own');
    await name(bench.page).fill('staged');
    await bench.write('index.mjs', STAGED);
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('no stage').waitFor();
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.getByText('There is a function of that name already.').waitFor();
    await name(bench.page).fill('-x');
    await bench.page.getByText('beginning with a letter or digit').waitFor();
    expect(await bench.page.getByRole('button', { name: 'Create and run' }).isDisabled()).toBe(true);
    await bench.write('index.mjs', 'export const handler = async () => {\n  const a = {;\n};\n');
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.page.locator('.cm-lintRange-error').filter({ hasText: 'const' }).waitFor();
    await bench.page.getByRole('button', { name: 'Discard changes' }).click();
    await bench.editor('index.mjs').getByText('return event').waitFor();
  });

  it('code that is dropped begins a function of its own, in its language and with its handler', async () => {
    const bench = await open('?topic=slow');
    const source = 'def lambda_handler(event, context):\n    return ["dropped", event["n"]]\n';
    await bench.drop('lambda_function.py', source);
    await bench.page.waitForURL(/topic=own&language=python/);
    await bench.editor('lambda_function.py').getByText('lambda_handler').waitFor();
    await bench.drop('prices.json', '{"apple": 2}');
    await bench.page.getByRole('navigation', { name: 'Files' }).getByText('prices.json').waitFor();
    expect(await bench.page.getByLabel('Handler').inputValue()).toBe('lambda_function.lambda_handler');
    await bench.writeEvent('{"n": 7}');
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('"dropped"').waitFor();
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.waitForURL('**/functions/my-function');
    await bench.resultText.getByText('"dropped"').waitFor();
    expect(Object.keys((await code('my-function')).files).sort()).toEqual(['lambda_function.py', 'prices.json']);
  });

  it('a zip is its first deploy, and one that is refused leaves no function behind', async () => {
    const bench = await open();
    const source = 'export const handler = async () => "from the zip";\n';
    await bench.drop('my shop.zip', await zipOf({ 'src/app.js': source, 'icon.png': Buffer.from([0, 255]) }));
    const dialog = bench.page.getByRole('dialog', { name: 'A function from my shop.zip' });
    const create = dialog.getByRole('button', { name: 'Create from the zip' });
    await create.waitFor();
    await expectAccessible(bench.page);
    await create.click();
    await dialog.getByText('the package has none of index').waitFor();
    expect(await names()).not.toContain('my-shop');
    await dialog.getByLabel('Handler').fill('src/app.handler');
    await create.click();
    await bench.page.waitForURL('**/functions/my-shop');
    await bench.editor('src/app.js').getByText('from the zip').waitFor();
    expect(await code('my-shop')).toMatchObject({
      files: { 'src/app.js': source },
      binaryFiles: [{ path: 'icon.png' }],
    });
    expect((await bed.server.invoke('my-shop')).body).toBe('from the zip');
  });
});
