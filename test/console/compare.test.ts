import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../../src/domain/comparison.ts';
import { fixture } from '../support/fixture.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

const WITHIN_MS = 60_000;

describe.skipIf(chromiumPath === null)('comparing isolations (needs chromium)', () => {
  const bed = sharedBed({ isolation: 'process' });
  beforeAll(async () => {
    await bed.server.deploy('greeter', 'nodejs24', fixture('hello', 'nodejs'), { isolation: 'process' });
    await bed.server.deploy('sleeper', 'nodejs24', fixture('slow', 'nodejs'), {
      ...{ isolation: 'process', timeoutMs: 60_000 },
    });
  });

  const kept = async (name: string): Promise<Comparison[]> =>
    (await bed.server.api<{ items: Comparison[] }>('GET', `/functions/${name}/comparisons`)).body.items;

  /** Only process: the others take their time, and their figures are looked at elsewhere. */
  async function chooseProcess(page: Page): Promise<void> {
    await page.getByRole('checkbox', { name: 'process' }).check();
    for (const other of ['bubblewrap', 'docker', 'gvisor', 'qemu', 'firecracker']) {
      const box = page.getByRole('checkbox', { name: other });
      if ((await box.count()) > 0 && (await box.isEnabled())) await box.uncheck();
    }
  }

  it('before the first it says what it is for; process is chosen only by hand', async () => {
    const page = await bed.page({ path: '/functions/greeter' });
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByRole('heading', { name: 'Not compared yet' }).waitFor();
    expect(await page.locator('pre').textContent()).toBe('coldframe compare greeter');
    expect(await page.getByRole('checkbox', { name: 'process' }).isChecked()).toBe(false);
    await expectAccessible(page);
  });

  it('one is started, followed, drawn and kept, and its link shows the same', { timeout: 120_000 }, async () => {
    const page = await bed.page({ path: '/functions/greeter/compare' });
    await chooseProcess(page);
    await page.getByRole('textbox', { name: 'Event' }).fill('{"name": 12345678901234567890}');
    await page.getByRole('textbox', { name: 'Calls of each start' }).fill('2');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('link', { name: 'Export CSV' }).waitFor({ timeout: WITHIN_MS });
    const [comparison] = await kept('greeter');
    expect(comparison).toMatchObject({ state: 'finished', count: 2, callsDone: 6 });
    expect(new URL(page.url()).searchParams.get('comparison')).toBe(comparison?.id);

    for (const name of ['Cold start', 'Claimed start', 'Warm start', 'CPU of a warm call', 'Peak memory'])
      await page.getByRole('heading', { name }).waitFor();
    await page
      .getByRole('img', { name: /^process: p50 .+, p95 .+, p99 / })
      .first()
      .waitFor();
    const figures = page.getByRole('region', { name: 'Figures by isolation' });
    expect(await figures.getByRole('row', { name: /warm 2 0/ }).count()).toBe(1);
    await expectAccessible(page);

    await page.reload();
    await figures.getByText('warm', { exact: true }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export CSV' }).click();
    const csv = readFileSync(await (await download).path(), 'utf8');
    expect(csv.split('\r\n')[1]).toContain(`${comparison?.id},greeter,nodejs24,process,done,cold,2,0,`);
  });

  it('one that runs shows how far it is and can be cancelled; a second is refused with the reason', async () => {
    const page = await bed.page({ path: '/functions/sleeper/compare' });
    await chooseProcess(page);
    await page.getByRole('textbox', { name: 'Event' }).fill('{"ms": 50000}');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('0 of 30 calls, process').waitFor({ timeout: WITHIN_MS });
    await expectAccessible(page);

    const other = await bed.page({ path: '/functions/greeter/compare' });
    await other.getByRole('button', { name: 'Compare' }).click();
    await other.getByRole('alert').getByText('Another comparison is running').waitFor();
    await other.getByText('Wait for it, or cancel it.').waitFor();

    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    expect((await kept('sleeper'))[0]?.state).toBe('cancelled');
  });

  it('an event that is no JSON and a choice of nothing cannot be sent', async () => {
    const page = await bed.page({ path: '/functions/greeter/compare' });
    await page.getByRole('textbox', { name: 'Event' }).fill('{');
    await page.getByText('not valid JSON').waitFor();
    expect(await page.getByRole('button', { name: 'Compare' }).isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Event' }).fill('{}');
    await chooseProcess(page);
    expect(await page.getByRole('button', { name: 'Compare' }).isEnabled()).toBe(true);
    await page.getByRole('checkbox', { name: 'process' }).uncheck();
    expect(await page.getByRole('button', { name: 'Compare' }).isDisabled()).toBe(true);
  });
});
