import { describe, expect, it } from 'vitest';
import { ADMIN_KEY } from '../support/test-server.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

describe.skipIf(chromiumPath === null)('signing in (needs chromium)', () => {
  const bed = sharedBed();

  it('a printed link signs in without an action, and its token is gone from the address', async () => {
    const { pathname, hash } = new URL(await bed.signInLink());
    const page = await bed.page({ signedIn: false, path: `${pathname}${hash}` });
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(page.url()).toBe(`${bed.server.url}/`);
    expect(await page.evaluate(() => history.length)).toBeLessThan(4);
    await page.reload();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
  });

  it('a link works once; the second time says so and offers the key', async () => {
    const link = await bed.signInLink();
    const first = await bed.page({ signedIn: false });
    await first.goto(link);
    await first.reload();
    const second = await bed.page({ signedIn: false });
    await second.goto(link);
    await second.reload();
    await second.getByRole('alert').getByText('link').first().waitFor();
    await second.getByLabel('Key', { exact: true }).waitFor();
  });

  it('a wrong key says what to do in either theme, the right one leads to the address that was asked for', async () => {
    const page = await bed.page({ signedIn: false, path: '/platform' });
    const field = page.getByRole('textbox', { name: 'Key' });
    await field.fill('wrong');
    await field.press('Enter');
    await page.getByRole('alert').getByText('This server has no such key').waitFor();
    await expectAccessible(page);
    await field.fill(ADMIN_KEY);
    await field.press('Enter');
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/platform');
  });

  it('signing out asks for the key again', async () => {
    const page = await bed.page();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('textbox', { name: 'Key' }).waitFor();
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual([]);
  });
});
