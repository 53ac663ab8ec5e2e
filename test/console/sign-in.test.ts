import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { ADMIN_KEY } from '../support/test-server.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';

describe.skipIf(chromiumPath === null)('signing in (needs chromium)', { timeout: PREPARE_TIMEOUT_MS }, () => {
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

  it('a session that ends says why, and the draft is there after signing in again', async () => {
    await bed.server.deploy('kept', 'nodejs', 'export const handler = async () => 1;\n');
    const made = await bed.server.api<{ id: string; secret: string }>('POST', '/keys', {
      name: 'mine',
      scopes: ['admin'],
    });
    const page = await bed.page({ signedIn: false, path: '/functions/kept' });
    const field = page.getByRole('textbox', { name: 'Key' });
    await field.fill(made.body.secret);
    await field.press('Enter');
    const bench = new WorkbenchPage(page);
    await bench.write('index.js', '// unsaved\n');
    await bed.server.api('DELETE', `/keys/${made.body.id}`);
    await page.getByRole('alert').getByText('The key you signed in with was deleted or has expired').waitFor();
    await page.getByText('Unsaved drafts stay in this browser').waitFor();
    await expectAccessible(page);
    await field.fill(ADMIN_KEY);
    await field.press('Enter');
    await bench.editor('index.js').getByText('// unsaved').waitFor();
  });

  it('signing out takes along what was typed, after asking, and signs out every tab', async () => {
    await bed.server.deploy('left', 'nodejs', 'export const handler = async () => 1;\n');
    const page = await bed.page({ path: '/functions/left' });
    const bench = new WorkbenchPage(page);
    await bench.writeEvent('{"customer": "private"}');
    await bench.write('index.js', '// private\n');
    await page.getByText('draft kept in this browser').waitFor();
    const other = await page.context().newPage();
    await other.goto(`${bed.server.url}/functions/left`);
    await new WorkbenchPage(other).editor('index.js').getByText('// private').waitFor();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    const asked = page.getByRole('dialog', { name: 'Sign out' });
    await asked.getByText('left').waitFor();
    await expectAccessible(page);
    await asked.getByRole('button', { name: 'Stay' }).click();
    await bench.editor('index.js').getByText('// private').waitFor();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await asked.getByRole('button', { name: 'Discard and sign out' }).click();
    await page.getByRole('textbox', { name: 'Key' }).waitFor();
    await other.getByText('You signed out in another tab').waitFor();
    const left = await page.evaluate(() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join());
    expect(left).not.toMatch(/private|draft|event/);
  });

  it('signing out asks for the key again', async () => {
    const page = await bed.page();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('textbox', { name: 'Key' }).waitFor();
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual([]);
  });
});
