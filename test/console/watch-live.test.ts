import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ADMIN_KEY } from '../support/test-server.ts';
import { chromiumPath } from './support/chromium.ts';
import { sharedBed } from './support/shared-bed.ts';

const HOSTILE = '<img src="https://attacker.invalid/x" onerror="document.title=1"><script>document.title=2</script>';
const ESCAPES = '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202etxt';
const SAYS = `export const handler = async (event) => {
  console.log(event.say ?? 'hello');
  if (event.fail) throw new Error('asked to fail');
  return { said: event.say ?? 'hello' };
};
`;

/** The browser shares its cores. */
const PATIENTLY = { timeout: 15_000 };

describe.skipIf(chromiumPath === null)('watching as it happens (needs chromium)', { timeout: 120_000 }, () => {
  const bed = sharedBed();

  async function deploy(name: string, source = SAYS): Promise<void> {
    await bed.server.deploy(name, 'nodejs', source, { capture: 'all' });
  }

  async function invoke(name: string, event: unknown): Promise<string> {
    const reply = await bed.server.invoke(name, event);
    return reply.headers.get('coldframe-invocation-id') ?? '';
  }

  const lines = (page: Page) => page.locator('[aria-label="Log lines"] li');

  it('metrics move by themselves, in the charts that are there', async () => {
    await deploy('moving');
    const page = await bed.page({ path: '/functions/moving/monitor' });
    await page.getByText('No invocations in the last hour').waitFor();
    await invoke('moving', {});
    const legend = page.locator('[data-panel="invocations"]').getByText('invocations 1', { exact: true });
    await legend.waitFor();
    await page.evaluate(() => {
      for (const canvas of document.querySelectorAll('canvas')) canvas.dataset.seen = 'yes';
    });
    for (let count = 0; count < 4; count++) await invoke('moving', { fail: count === 0 });
    await page.locator('[data-panel="invocations"]').getByText('invocations 5', { exact: true }).waitFor();
    await page.locator('[data-panel="errors"]').getByText('failed 1', { exact: true }).waitFor();
    const drawn = await page.evaluate(() =>
      [...document.querySelectorAll('canvas')].map(({ dataset }) => dataset.seen),
    );
    expect(drawn).toEqual(Array(7).fill('yes'));
  });

  it('the list takes in new invocations by itself', async () => {
    await deploy('listed');
    const page = await bed.page({ path: '/functions/listed/invocations' });
    await page.getByText('No invocations yet').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await invoke('listed', {});
    await page.getByText('1 invocation', { exact: true }).waitFor();
    await invoke('listed', { fail: true });
    await page.locator('table[aria-label="Invocations"] tbody tr', { hasText: 'Error: asked to fail' }).waitFor();
  });

  it('logs come as they are printed; a pause holds them back and counts; text and level narrow them', async () => {
    await deploy('printing');
    await bed.server.record(await invoke('printing', { say: 'before the page' }));
    const page = await bed.page({ path: '/functions/printing/logs' });
    await lines(page).filter({ hasText: 'before the page' }).waitFor();
    const id = await invoke('printing', { say: 'while it is open' });
    await lines(page).filter({ hasText: 'while it is open' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await invoke('printing', { say: 'ERROR held back' });
    await page.getByText('paused, 1 new').waitFor();
    expect(await lines(page).filter({ hasText: 'held back' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await lines(page).filter({ hasText: 'ERROR held back' }).waitFor();
    await page.getByLabel('Level').selectOption('error');
    await page.waitForURL(/level=error/);
    await expect
      .poll(() => lines(page).allTextContents(), PATIENTLY)
      .toEqual([expect.stringContaining('ERROR held back')]);
    await page.getByLabel('Level').selectOption('');
    await page.getByLabel('Text in a line').fill('while it');
    await page.waitForURL(/contains=while\+it/);
    await expect.poll(() => lines(page).count(), PATIENTLY).toBe(1);
    await page.reload();
    await lines(page).getByRole('link').first().click();
    await page.waitForURL(new RegExp(`/invocations/${id}$`));
    await page.getByText('while it is open').first().waitFor();
  });

  it('the tail of all functions names each line’s function, and narrows by text as well', async () => {
    await deploy('first-of-two');
    await deploy('second-of-two');
    const page = await bed.page({ path: '/logs' });
    await page.getByText('live', { exact: true }).waitFor();
    await invoke('first-of-two', { say: 'one' });
    await invoke('second-of-two', { say: 'two' });
    await lines(page).filter({ hasText: 'first-of-two' }).filter({ hasText: 'one' }).waitFor();
    await lines(page).filter({ hasText: 'second-of-two' }).filter({ hasText: 'two' }).waitFor();
    await page.getByLabel('Text in a line').fill('TWO');
    await page.waitForURL(/contains=TWO/);
    await expect.poll(() => lines(page).count(), PATIENTLY).toBe(1);
  });

  it('a function that prints without end fills neither the page nor its memory', async () => {
    await deploy(
      'loud',
      `export const handler = async () => { for (let n = 0; n < 2500; n++) console.log('line', n); };`,
    );
    const page = await bed.page({ path: '/functions/loud/logs' });
    await page.getByText('Waiting for lines').waitFor();
    for (let call = 0; call < 3; call++) await invoke('loud', {});
    await page.getByText('5,000 lines, older ones given up').waitFor();
    await lines(page).filter({ hasText: 'line 2499' }).waitFor();
    expect(await lines(page).count()).toBeLessThan(150);
    await page.locator('[aria-label="Log lines"]').hover();
    await page.mouse.wheel(0, -2_000);
    await page.getByRole('button', { name: 'To the newest line' }).click();
    await lines(page).filter({ hasText: 'line 2499' }).waitFor();
  });

  it('hostile lines, names, errors and results are shown as text, and nothing of them runs', async () => {
    const source = `export const handler = async () => {
  console.log(${JSON.stringify(`${HOSTILE} ${ESCAPES}`)});
  const error = new Error(${JSON.stringify(HOSTILE)});
  error.name = '<b>Bold</b>';
  throw error;
};`;
    await deploy('hostile', source);
    const id = await invoke('hostile', { html: HOSTILE });
    await bed.server.record(id);
    const page = await bed.page({ path: '/functions/hostile/logs' });
    await lines(page).first().waitFor();
    const shown = await lines(page).first().textContent();
    expect(shown).toContain(HOSTILE);
    expect(shown).toContain('\\x1b[31mred\\x1b[0m');
    expect(shown).toContain('\\u202etxt');
    expect(shown).not.toMatch(/[\u001b\u202e]/);
    for (const path of [
      `/invocations/${id}`,
      '/functions/hostile/invocations',
      '/functions/hostile/invocations?view=errors',
    ]) {
      await page.goto(`${bed.server.url}${path}`);
      await page.getByText('<b>Bold</b>').first().waitFor();
      expect(await page.locator('main img, main script, main b b').count(), path).toBe(0);
      expect(await page.title()).toMatch(/Coldframe$/);
    }
  });

  it('two clicks lead from a failed invocation to its line in the editor', async () => {
    await deploy('failing');
    await bed.server.record(await invoke('failing', { fail: true }));
    const page = await bed.page({ path: '/functions/failing/invocations' });
    await page
      .locator('table[aria-label="Invocations"] tbody tr', { hasText: 'asked to fail' })
      .getByRole('link')
      .click();
    await page.getByRole('list', { name: 'Stack trace' }).getByRole('link').first().click();
    await page.waitForURL(/\/functions\/failing\?file=index\.js&line=3$/);
    await page.locator('.cm-errorLine', { hasText: 'asked to fail' }).waitFor();
  });

  it('an invocation is replayed with its event, and copied as commands that hold no key', async () => {
    await deploy('replayed');
    await bed.server.record(await invoke('replayed', { say: 'it’s again' }));
    const page = await bed.page({ path: '/functions/replayed/invocations' });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('table[aria-label="Invocations"] tbody a').first().click();
    for (const form of ['curl', 'coldframe CLI', 'JavaScript', 'Python']) {
      await page.getByRole('button', { name: /^(Copy as|Copied)$/ }).click();
      await page.getByRole('menuitem', { name: form }).click();
      await page.getByRole('button', { name: 'Copied', exact: true }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toContain('replayed');
      expect(copied).toContain('it’s again');
      expect(copied).not.toContain(ADMIN_KEY);
      expect(copied).not.toMatch(/\bcfs?_[A-Za-z0-9]/);
    }
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('link', { name: 'Open the replay' }).click();
    await page.getByText('replay, sync').waitFor();
    await page.getByText('it’s again').first().waitFor();
  });

  it('an invocation that is not there says so and what to do', async () => {
    const page = await bed.page({ path: '/invocations/01a21442-d23b-7000-8000-00000000270a' });
    await page.getByText('No such invocation').waitFor();
    await page.getByText('coldframe invocations list').waitFor();
  });
});
