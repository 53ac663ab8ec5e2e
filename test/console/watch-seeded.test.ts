import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { type Seeded, seedStore } from '../support/seed-store.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

const FUNCTIONS = 1_000;
const INVOCATIONS = 10_000;
/** What a screen shows and what is kept ready beside it; far below what the list holds. */
const DOM_ROWS_MAX = 80;
const PAGE_ROWS = 200;

/** The browser shares its cores. */
const PATIENTLY = { timeout: 15_000 };

interface Figures {
  points: { at: string; invocations: number; errors: number }[];
  stepMs: number;
}

describe.skipIf(chromiumPath === null)(
  'watching a server with a thousand functions (needs chromium)',
  { timeout: 150_000 },
  () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-seeded-'));
    afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
    let seeded: Seeded;
    const bed = sharedBed({ dataDir, isolation: 'process', env: { COLDFRAME_ISOLATION: 'process' } }, async () => {
      seeded = await seedStore({ dataDir, functions: FUNCTIONS, invocations: INVOCATIONS, spikeAgoMs: 30 * 60_000 });
    });

    const rowCount = (page: Page): Promise<number> => page.locator('table[aria-label="Invocations"] tbody tr').count();
    const firstOutcome = (page: Page) => page.locator('table[aria-label="Invocations"] tbody tr td').first();

    async function openCharts(path: string): Promise<{ page: Page; box: { x: number; y: number; width: number } }> {
      const page = await bed.page({ path });
      await page.locator('[data-panel="memory"] canvas').waitFor();
      const box = await page.getByRole('slider').boundingBox();
      if (box === null) throw new Error('the brush is not shown');
      return { page, box };
    }

    it('only the rows near the view are in the document: at the top, at the end and while searching', async () => {
      const page = await bed.page();
      const rows = page.locator('tbody tr');
      await page.getByText('1,000', { exact: true }).waitFor();
      expect(await rows.count()).toBeLessThanOrEqual(DOM_ROWS_MAX);
      await page.keyboard.press('End');
      await page.getByRole('link', { name: 'webhook-github-9', exact: true }).waitFor();
      expect(await rows.count()).toBeLessThanOrEqual(DOM_ROWS_MAX);
      await page.keyboard.press('/');
      await page.keyboard.type('checkout');
      await page.getByText('50 of 1,000').waitFor();
      expect(await rows.count()).toBeLessThanOrEqual(DOM_ROWS_MAX);
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

    it('one brush over a spike of the chart shows its invocations', async () => {
      const { page, box } = await openCharts('/functions/checkout/monitor?window=1h');
      const { body } = await bed.server.api<Figures>('GET', '/functions/checkout/metrics?window=1h');
      const spike = body.points.reduce(
        (most, point, index) => (point.errors > body.points[most]!.errors ? index : most),
        0,
      );
      expect(body.points[spike]!.errors).toBeGreaterThan(100);
      const stepPx = box.width / body.points.length;
      const xOf = (share: number): number => box.x + (spike + share) * stepPx;
      await page.mouse.move(xOf(0.3), box.y + 60);
      await page.mouse.down();
      await page.mouse.move(xOf(0.5), box.y + 60);
      await page.mouse.move(xOf(0.7), box.y + 60);
      await page.mouse.up();
      await page.waitForURL(/\/functions\/checkout\/invocations\?from=/);
      const { searchParams } = new URL(page.url());
      expect(searchParams.get('from')).toBe(body.points[spike]!.at);
      expect(Date.parse(searchParams.get('to')!) - Date.parse(searchParams.get('from')!)).toBe(body.stepMs);
      const { invocations } = body.points[spike]!;
      const words = invocations > PAGE_ROWS ? `${PAGE_ROWS} invocations loaded` : `${invocations} invocations`;
      await page.getByText(words, { exact: true }).waitFor();
      expect(
        await page.locator('table[aria-label="Invocations"] tbody tr', { hasText: 'TypeError' }).count(),
      ).toBeGreaterThan(5);
      await page.goBack();
      await page.getByRole('slider').waitFor();
    });

    it('Chart.js is loaded with the first chart, not before', async () => {
      const page = await bed.page({ path: '/invocations' });
      await firstOutcome(page).waitFor();
      const chartFiles = (): Promise<string[]> =>
        page.evaluate(() =>
          performance
            .getEntriesByType('resource')
            .map(({ name }) => name)
            .filter((name) => /\/charts-/.test(name)),
        );
      expect(await chartFiles()).toEqual([]);
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Monitor' }).click();
      await page.locator('canvas').first().waitFor();
      expect((await chartFiles()).length).toBeGreaterThan(0);
    });

    it('the brush works by keyboard, and says what it covers', async () => {
      const { page } = await openCharts('/monitor?window=6h');
      const brush = page.getByRole('slider');
      await brush.focus();
      for (const key of ['ArrowLeft', 'ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft']) await brush.press(key);
      expect(await brush.getAttribute('aria-valuetext')).toMatch(/ to .*: \d[\d,.k]* invocations, \d+ errors/);
      await brush.press('Enter');
      await page.waitForURL(/\/invocations\?from=/);
      const { searchParams } = new URL(page.url());
      expect(Date.parse(searchParams.get('to')!) - Date.parse(searchParams.get('from')!)).toBe(3 * 5 * 60_000);
    });

    it('ten thousand invocations are scrolled through with a bounded number of rows in the page', async () => {
      const page = await bed.page({ path: '/invocations' });
      await firstOutcome(page).waitFor();
      let most = 0;
      await expect
        .poll(
          async () => {
            await page.mouse.wheel(0, 100_000);
            most = Math.max(most, await rowCount(page));
            return page.getByText(/^10,000 invocations$|^10k invocations$/).count();
          },
          { timeout: 110_000, interval: 50 },
        )
        .toBe(1);
      expect(most).toBeGreaterThan(10);
      expect(most).toBeLessThan(DOM_ROWS_MAX);
      await page.keyboard.press('Home');
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
      expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(3_000);
    });

    it('filters are in the address, narrow the list, and survive a reload and Back', async () => {
      const page = await bed.page({ path: '/invocations' });
      await firstOutcome(page).waitFor();
      await page.getByLabel('Outcome', { exact: true }).selectOption('error');
      await page.getByLabel('Start', { exact: true }).selectOption('cold');
      await page.getByRole('combobox', { name: 'Function' }).fill('checkout');
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.search === '?outcome=error&start=cold&function=checkout');
      const { body } = await bed.server.api<{ items: unknown[] }>(
        'GET',
        '/invocations?function=checkout&outcome=error&start=cold&limit=500',
      );
      const words = page.getByText(`${body.items.length} invocations`, { exact: true });
      await words.waitFor();
      await page.reload();
      await words.waitFor();
      expect(await page.getByLabel('Outcome', { exact: true }).inputValue()).toBe('error');
      const outcomes = await page.locator('table[aria-label="Invocations"] tbody tr td:first-child').allTextContents();
      expect(new Set(outcomes)).toEqual(new Set(['error']));
      await page.locator('table[aria-label="Invocations"] tbody a').first().click();
      await page.getByRole('button', { name: 'Replay' }).waitFor();
      await page.goBack();
      await words.waitFor();
      await page.getByRole('button', { name: 'Clear' }).click();
      await page.waitForURL((url) => url.search === '');
    });

    it('errors are grouped by type and line, and one click on the line opens the editor there', async () => {
      const page = await bed.page({ path: '/functions/checkout/invocations?view=errors' });
      const groups = page.getByRole('list', { name: 'Errors, grouped' }).getByRole('listitem');
      await groups.first().waitFor();
      expect(await groups.first().textContent()).toContain('TypeError');
      await groups.first().getByRole('link', { name: 'index.js:12' }).click();
      await page.waitForURL(/\/functions\/checkout\?file=index\.js&line=12$/);
      await page.locator('.cm-errorLine', { hasText: 'throw new TypeError' }).waitFor();
    });

    it('rows are walked by the arrow keys and opened by Enter', async () => {
      const page = await bed.page({ path: '/functions/checkout/invocations' });
      const links = page.locator('table[aria-label="Invocations"] tbody a');
      await links.first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.closest('tr')?.dataset.index), PATIENTLY)
        .toBe('2');
      const href = await page.evaluate(() => document.activeElement?.getAttribute('href'));
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`${href}$`));
    });

    it('no screen has a serious accessibility violation in either theme', async () => {
      const failed = seeded.invocationIds.at(-1);
      const { page } = await openCharts('/functions/checkout/monitor?window=6h');
      await expectAccessible(page);
      for (const [path, shown] of [
        ['/monitor?window=6h&as=table', 'section[aria-label="Figures by time"]'],
        ['/invocations?outcome=error', 'table[aria-label="Invocations"] tbody tr'],
        ['/functions/checkout/invocations?view=errors', 'ol[aria-label="Errors, grouped"]'],
        [`/invocations/${failed}`, '[aria-label="Receipt"]'],
        ['/functions/checkout/logs', '[aria-label="Log lines"] li'],
        ['/logs', 'h2'],
      ] as const) {
        await page.goto(`${bed.server.url}${path}`);
        await page.locator(shown).first().waitFor();
        await expectAccessible(page);
      }
    });
  },
);
