import { beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

describe.skipIf(chromiumPath === null)('by keyboard (needs chromium)', () => {
  const bed = sharedBed();
  beforeAll(async () => {
    for (const name of ['resize-image', 'image'])
      await bed.server.deploy(name, 'nodejs24', 'export const handler = async () => 1;', { isolation: 'process' });
  });

  const pathOf = (url: string): string => new URL(url).pathname;

  it('Ctrl-K leads to any function by a part of its name, and Escape closes it', async () => {
    const page = await bed.page();
    await page.getByRole('link', { name: 'resize-image' }).waitFor();
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Go to or do' });
    await field.waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await field.fill('resize');
    await page.getByRole('option', { name: /^resize-image nodejs/ }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/functions/resize-image/monitor');
  });

  it('letters lead to the screens, but not while one is typing', async () => {
    const page = await bed.page();
    await page.getByRole('searchbox', { name: 'Search functions' }).fill('');
    await page.keyboard.type('gp?n');
    expect(pathOf(page.url())).toBe('/');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Functions' }).click();
    await page.keyboard.type('gp');
    await page.waitForURL('**/platform');
    await page.keyboard.type('gf');
    await page.waitForURL((url) => url.pathname === '/');
    await page.keyboard.type('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await expectAccessible(page);
  });

  it('behind a dialog or a menu no key does anything, and the key that is shown once stays', async () => {
    const page = await bed.page({ path: '/platform' });
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('ci');
    await page.getByRole('button', { name: 'Create key' }).click();
    const once = page.getByRole('dialog', { name: 'Key ci' });
    const secret = await once.locator('code').textContent();
    await once.getByRole('button', { name: 'Done' }).focus();
    for (const keys of ['n', 'gf', '/', '?']) await page.keyboard.type(keys);
    for (const key of ['Control+k', 'Escape']) await page.keyboard.press(key);
    expect([pathOf(page.url()), await page.getByRole('dialog').count()]).toEqual(['/platform', 1]);
    expect(await once.locator('code').textContent()).toBe(secret);
    await once.getByRole('button', { name: 'Done' }).click();
    await once.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    for (const keys of ['n', 'gf', '?']) await page.keyboard.type(keys);
    expect([pathOf(page.url()), await page.getByRole('dialog').count()]).toEqual(['/platform', 0]);
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    await page.keyboard.type('gf');
    await page.waitForURL((url) => url.pathname === '/');
  });

  it('Tab reaches the first function in view, and what has the focus shows it', async () => {
    const page = await bed.page();
    await page.getByRole('link', { name: 'image', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.textContent)) === 'image') break;
    }
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/functions/image');
  });

  it('the theme that was chosen is there before the first paint of the next visit', async () => {
    const page = await bed.page({ colorScheme: 'light' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to or do' }).fill('dark');
    await page.keyboard.press('Enter');
    await page.route('**/console/index-*.js', (route) => route.abort());
    await page.reload({ waitUntil: 'commit' });
    await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === 'dark');
    await bed.expectQuiet([/net::ERR_FAILED/]);
  });
});
