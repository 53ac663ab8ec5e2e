import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';

const REFUSED = [/net::ERR_FAILED/, /MissingPiece/];

describe.skipIf(chromiumPath === null)(
  'pieces of the console that do not arrive (needs chromium)',
  { timeout: PREPARE_TIMEOUT_MS },
  () => {
    const bed = sharedBed();

    it('a screen whose piece failed once is there without an action', async () => {
      const page = await bed.page();
      let refusals = 0;
      await page.route('**/console/monitor-screen-*.js', (route) =>
        refusals++ === 0 ? route.abort() : route.continue(),
      );
      await page.keyboard.type('gm');
      await page.getByRole('heading', { name: 'Monitor' }).waitFor();
      expect(refusals).toBeGreaterThan(1);
      await bed.expectQuiet(REFUSED);
    });

    it('a piece that stays away takes its tab only: a reload is offered, and the draft is there after it', async () => {
      await bed.server.deploy('drafted', 'nodejs', 'export const handler = async () => 1;\n');
      const page = await bed.page({ path: '/functions/drafted' });
      const bench = new WorkbenchPage(page);
      await bench.write('index.js', '// mine\n');
      await page.route('**/console/settings-tab-*.js', (route) => route.abort());
      await page.getByRole('link', { name: 'Settings' }).click();
      const notice = page.getByRole('alert');
      await notice.getByText('A part of the console could not be loaded').waitFor();
      await notice.getByText('Drafts are kept').waitFor();
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Code', exact: true }).click();
      await bench.editor('index.js').getByText('// mine').waitFor();
      await page.unroute('**/console/settings-tab-*.js');
      await page.getByRole('link', { name: 'Settings' }).click();
      await page
        .getByRole('heading', { name: 'Time' })
        .or(notice.getByRole('button', { name: 'Reload' }))
        .first()
        .waitFor();
      if (await notice.isVisible()) await notice.getByRole('button', { name: 'Reload' }).click();
      await page.getByRole('heading', { name: 'Time' }).waitFor();
      await page.getByRole('link', { name: 'Code', exact: true }).click();
      await bench.editor('index.js').getByText('// mine').waitFor();
      await bed.expectQuiet(REFUSED);
    });

    it('a palette that cannot be loaded leaves the page as it is', async () => {
      const page = await bed.page();
      await page.route('**/console/palette-*.js', (route) => route.abort());
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByText('A part of the console could not be loaded').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { name: 'Functions' }).waitFor();
      await bed.expectQuiet(REFUSED);
    });
  },
);
