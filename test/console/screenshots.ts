import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { seedStore } from '../support/seed-store.ts';
import { ConsoleBed } from './support/console-bed.ts';
import { takeShot } from './support/take-shot.ts';
import { WorkbenchPage } from './support/workbench.ts';

/**
 * `npm run screenshots [-- --all FOLDER]`: the pictures of docs/console.md, from a server seeded the same way each time. With
 * `--all` every screen at three widths in both themes, to look at before a change lands; `--only new,settings` some of them.
 */
const DOCS = resolve(import.meta.dirname, '../../docs/console');
const FUNCTIONS = 24;
const INVOCATIONS = 6_000;
const SPIKE_AGO_MS = 30 * 60_000;
const SHOWN_SOURCE = `import { createHash } from 'node:crypto';

const PRICES = { tea: 4.5, coffee: 5.2, cake: 3.8 };

/** Prices an order; what is not on the list costs nothing, and says so. */
export const handler = async (event, context) => {
  const lines = event.items.map(({ name, count }) => ({ name, count, total: PRICES[name] * count }));
  for (const { name } of lines.filter(({ total }) => Number.isNaN(total))) console.warn('no price for', name);
  const total = lines.reduce((sum, line) => sum + line.total, 0);
  const receipt = createHash('sha256').update(JSON.stringify(lines)).digest('hex').slice(0, 12);
  console.log('priced', lines.length, 'lines with', context.getRemainingTimeInMillis(), 'ms left');
  return { total, receipt, lines };
};
`;
const GOOD_EVENT = '{ "items": [{ "name": "tea", "count": 2 }, { "name": "cake", "count": 1 }] }';

interface Picture {
  name: string;
  path: string;
  /** In the docs: at this width in this theme; others are taken with --all only. */
  shown?: { width: number; colorScheme: 'light' | 'dark' };
  prepare(page: Page): Promise<unknown>;
}

const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
});
const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-pictures-'));
try {
  const { names, invocationIds } = await seedStore({
    dataDir,
    functions: FUNCTIONS,
    invocations: INVOCATIONS,
    spikeAgoMs: SPIKE_AGO_MS,
  });
  // What every machine that takes pictures has: no image is to be prepared first.
  const bed = new ConsoleBed({ dataDir, isolation: 'process', env: { COLDFRAME_ISOLATION: 'process' } });
  await bed.open();
  try {
    await bed.server.deploy('price-order', 'nodejs24', SHOWN_SOURCE, {
      description: 'Prices an order',
      isolation: 'process',
    });
    for (const picture of pictures(names[0] ?? '', invocationIds.at(-1) ?? '')) await take(bed, picture);
  } finally {
    await bed.close();
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

async function take(bed: ConsoleBed, { name, path, shown, prepare }: Picture): Promise<void> {
  if (values.only === undefined ? !values.all && shown === undefined : !values.only.split(',').includes(name)) return;
  const page = await bed.page({ path, ...(values.all ? {} : shown) });
  await prepare(page);
  const folder = resolve(positionals[0] ?? DOCS);
  if (values.all) await takeShot(page, { folder, name });
  else if (shown) await takeShot(page, { folder, name, widths: [shown.width], colorSchemes: [shown.colorScheme] });
  await bed.expectQuiet();
  process.stdout.write(`${name}\n`);
}

function pictures(busiest: string, invocation: string): Picture[] {
  const ofBusiest = `/functions/${busiest}`;
  return [
    {
      name: 'functions',
      path: '/?sort=-calls&window=24h',
      shown: { width: 1280, colorScheme: 'light' },
      prepare: (page) =>
        page
          .getByRole('cell', { name: /\d\/min/ })
          .first()
          .waitFor(),
    },
    {
      name: 'new',
      path: '/new',
      prepare: (page) => page.getByRole('button', { name: 'Create and run' }).waitFor(),
    },
    {
      name: 'new-tried',
      path: '/new?topic=csv-to-json',
      shown: { width: 1280, colorScheme: 'light' },
      prepare: async (page) => {
        await page.getByRole('button', { name: /^Run/ }).click();
        await new WorkbenchPage(page).resultText.waitFor();
      },
    },
    {
      name: 'new-refused',
      path: '/new?topic=own&language=python',
      prepare: async (page) => {
        const bench = new WorkbenchPage(page);
        await page.getByRole('textbox', { name: 'Name', exact: true }).fill('no spaces please');
        await bench.write('index.py', 'def handler(event, context)\n    return event\n');
        await bench.writeEvent('{"n": ');
        await bench.writeEvent('{"n": 1}');
        await page.keyboard.press('ControlOrMeta+Enter');
        await bench.result.getByText('Syntax error in the code').waitFor();
      },
    },
    {
      name: 'new-zip',
      path: '/new',
      prepare: async (page) => {
        const bench = new WorkbenchPage(page);
        await bench.editor('index.mjs').waitFor();
        await bench.drop('shop.zip', 'no zip at all');
        await page.getByRole('button', { name: 'Create from the zip' }).click();
        await page.getByRole('dialog').getByRole('alert').waitFor();
      },
    },
    {
      name: 'editor',
      path: '/functions/price-order',
      shown: { width: 1280, colorScheme: 'dark' },
      prepare: async (page) => {
        const bench = new WorkbenchPage(page);
        await bench.editor('index.js').waitFor();
        await bench.writeEvent(GOOD_EVENT);
        await page.getByRole('button', { name: /^Run/ }).click();
        await bench.resultText.waitFor();
      },
    },
    {
      name: 'error',
      path: '/functions/price-order',
      prepare: async (page) => {
        const bench = new WorkbenchPage(page);
        await bench.editor('index.js').waitFor();
        await page.getByRole('button', { name: /^Run/ }).click();
        await bench.errorLine.waitFor();
      },
    },
    {
      name: 'monitor',
      path: `${ofBusiest}/monitor`,
      shown: { width: 1280, colorScheme: 'light' },
      prepare: (page) => page.locator('[data-panel="memory"] canvas').waitFor(),
    },
    {
      name: 'invocations',
      path: '/invocations',
      prepare: (page) => page.getByRole('row').nth(5).waitFor(),
    },
    {
      name: 'errors',
      path: `${ofBusiest}/invocations?view=errors`,
      prepare: (page) => page.getByRole('main').getByText(/Error/).first().waitFor(),
    },
    {
      name: 'invocation',
      path: `/invocations/${invocation}`,
      shown: { width: 1280, colorScheme: 'dark' },
      prepare: (page) => page.getByRole('heading', { level: 1 }).waitFor(),
    },
    {
      name: 'logs',
      path: `${ofBusiest}/logs`,
      prepare: (page) => page.getByText('order received').first().waitFor(),
    },
    { name: 'compare', path: `${ofBusiest}/compare`, prepare: (page) => page.getByRole('heading').nth(1).waitFor() },
    {
      name: 'settings',
      path: `${ofBusiest}/settings`,
      prepare: (page) => page.getByRole('heading', { name: 'Time' }).waitFor(),
    },
    {
      name: 'settings-refused',
      path: '/functions/price-order/settings',
      prepare: async (page) => {
        await page.getByRole('button', { name: 'Add a tag' }).click();
        await page.getByLabel('Name of the tag').fill('team');
        await page.getByLabel('Value of the tag team').fill('x'.repeat(257));
        await page.getByLabel('Memory, MiB').fill('much');
        await page.getByText('Give a number, or nothing for the default.').waitFor();
      },
    },
    {
      name: 'delete',
      path: '/functions/price-order/settings',
      prepare: async (page) => {
        await page.getByRole('button', { name: 'Delete price-order' }).click();
        await page.getByRole('dialog').getByRole('textbox').waitFor();
      },
    },
    {
      name: 'palette',
      path: '/',
      prepare: async (page) => {
        await page.getByRole('navigation', { name: 'Main' }).waitFor();
        await page.keyboard.press('Control+k');
        await page.getByRole('option').first().waitFor();
      },
    },
    {
      name: 'platform',
      path: '/platform',
      shown: { width: 1280, colorScheme: 'light' },
      prepare: async (page) => {
        await page
          .getByRole('region', { name: 'Host' })
          .getByText(/^\d+(\.\d)?%$/)
          .waitFor();
        await page.getByRole('region', { name: 'Pool' }).getByRole('row').nth(1).waitFor();
      },
    },
  ];
}
