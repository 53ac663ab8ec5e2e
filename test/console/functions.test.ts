import { describe, expect, it } from 'vitest';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

describe.skipIf(chromiumPath === null)('the list of functions (needs chromium)', () => {
  const bed = sharedBed();

  const deploy = (name: string, source: string, settings: object = {}): Promise<void> =>
    bed.server.deploy(name, 'nodejs24', source, { isolation: 'process', ...settings });

  it('an empty one teaches the next step, with a command to copy and a way to the templates', async () => {
    const page = await bed.page();
    await page.getByRole('heading', { name: 'No functions yet' }).waitFor();
    expect(await page.locator('pre').textContent()).toContain('coldframe deploy hello');
    await page.getByRole('link', { name: 'Start from a template' }).click();
    expect(new URL(page.url()).pathname).toBe('/new');
  });

  it('figures of a function move by themselves after a call', async () => {
    await deploy('greeter', 'export const handler = async () => "hi";');
    const page = await bed.page();
    const row = page.getByRole('row', { name: /greeter/ });
    await row.getByText('never called').waitFor();
    await bed.server.invoke('greeter');
    await row.getByText('ok', { exact: true }).waitFor();
    expect(await row.getByRole('cell').allTextContents()).toContain('0%');
  });

  it('search and order are in the address, and a link with them shows the same', async () => {
    await deploy('first', 'export const handler = async () => 1;', { tags: { team: 'billing' } });
    const page = await bed.page();
    await page.getByRole('link', { name: 'first', exact: true }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('billing');
    await page.getByRole('link', { name: 'greeter' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Name' }).click();
    expect(new URL(page.url()).search).toBe('?q=billing&sort=-name');
    await page.reload();
    await page.getByRole('link', { name: 'first', exact: true }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
    expect(await page.getByRole('link', { name: 'greeter' }).count()).toBe(0);
  });

  it('hostile text is shown as text', async () => {
    await deploy('hostile', 'export const handler = async () => 1;', { description: HOSTILE, tags: { x: HOSTILE } });
    const page = await bed.page();
    await page.getByText(HOSTILE).waitFor();
    expect(await page.title()).toBe('Functions · Coldframe');
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  it('deleting asks for the name, and only the right one will do', async () => {
    const page = await bed.page();
    await page.getByRole('button', { name: 'Actions of hostile' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete hostile' });
    const confirm = dialog.getByRole('button', { name: 'Delete function' });
    await dialog.getByRole('textbox').fill('hostil');
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('hostile');
    await confirm.click();
    await page.getByRole('link', { name: 'hostile' }).waitFor({ state: 'detached' });
    expect((await bed.server.api('GET', '/functions/hostile')).status).toBe(404);
  });

  it('has no serious accessibility violation in either theme', async () => {
    const page = await bed.page();
    await page.getByRole('link', { name: 'greeter' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Actions of greeter' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('dialog').waitFor();
    await expectAccessible(page);
  });
});
