import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seedStore } from '../support/seed-store.ts';
import { chromiumPath } from './support/chromium.ts';
import { ConsoleBed } from './support/console-bed.ts';

const MANY = 1_000;
/** A view of 900 pixels shows about 20 rows; the rest is what is kept ready beyond its edges. */
const ROWS_IN_DOCUMENT_MAX = 60;

describe.skipIf(chromiumPath === null)('a list of a thousand functions (needs chromium)', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-many-'));
  let bed: ConsoleBed;
  beforeAll(async () => {
    await seedStore({ dataDir, functions: MANY, invocations: 2_000 });
    bed = await ConsoleBed.open({ dataDir });
  });
  afterEach(() => bed.expectQuiet());
  afterAll(async () => {
    await bed?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('only the rows near the view are in the document: at the top, at the end and while searching', async () => {
    const page = await bed.page();
    const rows = page.locator('tbody tr');
    await page.getByText('1,000', { exact: true }).waitFor();
    expect(await rows.count()).toBeLessThanOrEqual(ROWS_IN_DOCUMENT_MAX);
    await page.keyboard.press('End');
    await page.getByRole('link', { name: 'webhook-github-9', exact: true }).waitFor();
    expect(await rows.count()).toBeLessThanOrEqual(ROWS_IN_DOCUMENT_MAX);
    await page.keyboard.press('/');
    await page.keyboard.type('checkout');
    await page.getByText('50 of 1,000').waitFor();
    expect(await rows.count()).toBeLessThanOrEqual(ROWS_IN_DOCUMENT_MAX);
  });

  it('the busiest come first when asked, and the palette finds one among them', async () => {
    const page = await bed.page({ path: '/?sort=-calls&window=24h' });
    const first = page.locator('tbody tr').first();
    await first.getByRole('link', { name: 'checkout', exact: true }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to or do' }).fill('tax-table-33');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/functions/tax-table-33');
  });
});
