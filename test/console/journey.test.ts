import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath } from './support/chromium.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';

const BROKEN =
  'export const handler = async (event) => {\n  const greeting = {};\n  return greeting.words.join(event.name);\n};\n';
const MENDED =
  "export const handler = async (event) => {\n  console.log('greeting', event.name);\n  return ['Good day', event.name].join(', ');\n};\n";

describe.skipIf(chromiumPath === null)('a first day with the console (needs chromium)', () => {
  const bed = sharedBed({ isolation: 'process', env: { COLDFRAME_ISOLATION: 'bubblewrap,process' } });

  const tab = (page: Page, name: string): Promise<void> =>
    page.getByRole('navigation', { name: 'Views of hello' }).getByRole('link', { name }).click();

  it('from the link to a function that was created, tried, broken, mended, deployed, watched, replayed and deleted', async () => {
    const page = await bed.page();
    await page.getByRole('link', { name: 'Start from a template' }).click();
    await page.getByRole('button', { name: 'Create and run' }).click();
    const bench = new WorkbenchPage(page);
    await bench.resultText.getByText('"hello": "Ada"').waitFor();

    await bench.write('index.mjs', BROKEN);
    await page.keyboard.press('ControlOrMeta+Enter');
    await bench.errorLine.filter({ hasText: 'greeting.words' }).waitFor();
    expect((await bed.server.invoke('hello', { name: 'Ada' })).body).toEqual({ hello: 'Ada' });

    await page.keyboard.press('ControlOrMeta+s');
    await page.getByText('Revision 2').first().waitFor();
    expect((await bed.server.invoke('hello', { name: 'Grace' })).status).toBe(502);

    await bench.write('index.mjs', MENDED);
    await page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('Good day, Ada').waitFor();
    await page.keyboard.press('ControlOrMeta+s');
    await page.getByText('Revision 3').first().waitFor();
    expect((await bed.server.invoke('hello', { name: 'Grace' })).body).toBe('Good day, Grace');

    await tab(page, 'Monitor');
    await page
      .locator('[data-panel="invocations"]')
      .getByText(/^invocations [1-9]/)
      .waitFor();

    await tab(page, 'Logs');
    await bed.server.invoke('hello', { name: 'Edsger' });
    await page.getByText('greeting Edsger').first().waitFor();

    await tab(page, 'Invocations');
    await page
      .locator('table[aria-label="Invocations"] tbody tr', { hasText: 'error' })
      .first()
      .getByRole('link')
      .first()
      .click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('link', { name: 'Open the replay' }).click();
    await page.getByText('replay, sync').waitFor();
    await page.getByText('greeting Grace').first().waitFor();

    await page.goto(`${bed.server.url}/functions/hello/settings`);
    await page.getByRole('button', { name: 'Delete hello' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('hello');
    await page.getByRole('button', { name: 'Delete the function' }).click();
    await page.getByRole('heading', { name: 'No functions yet' }).waitFor();
  }, 120_000);
});
