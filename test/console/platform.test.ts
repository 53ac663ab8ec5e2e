import { beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

describe.skipIf(chromiumPath === null)('the platform screen (needs chromium)', () => {
  const bed = sharedBed({ isolation: 'process', env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  beforeAll(async () => {
    await bed.server.deploy('busy', 'nodejs24', 'export const handler = async () => 1;', { isolation: 'process' });
    await bed.server.invoke('busy');
  });

  it('shows CPU and memory of the host and the pool by isolation and runtime, and they move by themselves', async () => {
    const page = await bed.page({ path: '/platform' });
    const host = page.getByRole('region', { name: 'Host' });
    await host.getByText(/^\d+(\.\d)?%$/).waitFor();
    await host.getByText(/of \d+ cores?/).waitFor();
    const pool = page.getByRole('region', { name: 'Pool' });
    await pool.getByRole('row', { name: /process nodejs24/ }).waitFor();
    await bed.server.deploy('busier', 'python', 'def handler(event, context):\n    return 1\n', {
      isolation: 'process',
    });
    await bed.server.invoke('busier');
    await pool.getByRole('row', { name: /process python/ }).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
  });

  it('says why an isolation is not usable, with what mends it to copy', async () => {
    const page = await bed.page({ path: '/platform' });
    const doctor = page.getByRole('region', { name: 'Isolation' });
    const { body } = await bed.server.api<{ items: { state: string; fence: string | null; fix: string | null }[] }>(
      'GET',
      '/isolation',
    );
    if (body.items.some(({ fence }) => fence === 'none'))
      await doctor.getByText('No fence', { exact: false }).waitFor();
    // The console shows commands as code, without the backticks around them.
    const fix = (body.items.find(({ state }) => state !== 'usable')?.fix ?? '').replaceAll('`', '');
    expect(fix).not.toBe('');
    await doctor.getByText(fix).first().waitFor();
    expect(await doctor.getByRole('button', { name: 'Copy command' }).count()).toBeGreaterThan(0);
  });

  it('a key is made, its secret shown once, and taken back by its name', async () => {
    const page = await bed.page({ path: '/platform' });
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('ci');
    await page.getByRole('checkbox', { name: /^read/ }).check();
    await page.getByRole('button', { name: 'Create key' }).click();
    const shown = page.getByRole('dialog', { name: 'Key ci' });
    const secret = (await shown.locator('pre').textContent()) ?? '';
    const asKey = (): Promise<number> =>
      fetch(`${bed.server.url}/api/v1/functions`, { headers: { authorization: `Bearer ${secret}` } }).then(
        ({ status }) => status,
      );
    expect(await asKey()).toBe(200);
    await shown.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('row', { name: /^ci / });
    expect(await row.textContent()).toContain('invoke, read');
    expect(await page.content()).not.toContain(secret);
    await row.getByRole('button', { name: 'Revoke ci' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('ci');
    await page.getByRole('button', { name: 'Revoke key' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await asKey()).toBe(401);
  });

  it('a refusal says what happened, where, and what to do', async () => {
    const page = await bed.page({ path: '/platform' });
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('not a name!');
    await page.getByRole('button', { name: 'Create key' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('POST /api/v1/keys').waitFor();
    await alert.getByText('/name').waitFor();
    await alert.getByRole('link', { name: 'invalid_request' }).waitFor();
  });

  it('has no serious accessibility violation in either theme', async () => {
    const page = await bed.page({ path: '/platform' });
    await page
      .getByRole('region', { name: 'Host' })
      .getByText(/^\d+(\.\d)?%$/)
      .waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('dialog').waitFor();
    await expectAccessible(page);
  });
});
