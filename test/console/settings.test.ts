import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';

const SOURCE = 'export const handler = async () => process.env.STAGE ?? null;\n';

describe.skipIf(chromiumPath === null)(
  'the settings of a function (needs chromium)',
  { timeout: PREPARE_TIMEOUT_MS },
  () => {
    const bed = sharedBed();

    async function open(name: string, settings: Record<string, unknown> = {}): Promise<Page> {
      await bed.server.deploy(name, 'nodejs', SOURCE, settings);
      const page = await bed.page({ path: `/functions/${name}/settings` });
      await page.getByRole('button', { name: 'Save' }).waitFor();
      return page;
    }

    const settingsOf = async (name: string) => (await bed.server.api('GET', `/functions/${name}`)).body;

    it('only what was changed is sent', async () => {
      const page = await open('changed', { env: { STAGE: 'dev', TOKEN: { secret: 'x' } }, memoryMib: 256 });
      const sent: unknown[] = [];
      page.on('request', (request) => {
        if (request.method() === 'PATCH') sent.push(request.postDataJSON());
      });
      await page.getByLabel('Handler, ms').fill('1500');
      await page.getByLabel('Memory, MiB').fill('');
      await page.getByLabel('Value of STAGE').fill('live');
      await page.getByText('Changes timeoutMs, memoryMib, env.').waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 2.').waitFor();
      expect(sent).toEqual([{ timeoutMs: 1500, memoryMib: null, env: { STAGE: 'live' } }]);
      expect(await settingsOf('changed')).toMatchObject({
        timeoutMs: 1500,
        memoryMib: 128,
        env: { STAGE: 'live', TOKEN: { secret: true } },
      });
      expect((await bed.server.invoke('changed')).body).toBe('live');
    });

    it('tags are added, changed and removed by name', async () => {
      const page = await open('tagged', { tags: { team: 'billing', old: 'x' } });
      await page.getByLabel('Value of the tag team').fill('shop');
      await page.getByRole('button', { name: 'Remove the tag old' }).click();
      await page.getByRole('button', { name: 'Add a tag' }).click();
      await page.getByText('Give it a name.').waitFor();
      await page.getByText('Cannot be saved yet: see the marked fields.').waitFor();
      await page.getByLabel('Name of the tag').last().fill('cost centre');
      await page.getByLabel('Value of the tag cost centre').fill('7');
      await page.getByText('Changes tags.').waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 1.').waitFor();
      expect((await settingsOf('tagged')).tags).toEqual({ team: 'shop', 'cost centre': '7' });
    });

    it('the runtime is one this host offers, and one the code is not written for is refused at the handler', async () => {
      const page = await open('versioned');
      const runtime = page.getByLabel('Runtime');
      const python = page.locator('option[value^="python"]').first();
      await python.waitFor({ state: 'attached' });
      await runtime.selectOption((await python.getAttribute('value')) ?? '');
      await page.getByText('has to be of that language too').waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('the package has none of index.py').waitFor();
      expect((await settingsOf('versioned')).runtime).toBe('nodejs24');
      await page.getByRole('button', { name: 'Undo' }).click();
      expect(await runtime.inputValue()).toBe('nodejs24');
    });

    it('a refusal stands at the field it is about, and nothing is changed', async () => {
      const page = await open('refused');
      await page.getByLabel('Memory, MiB').fill('1');
      await page.getByLabel('Handler, ms').fill('2000');
      await page.getByRole('button', { name: 'Save' }).click();
      const field = page.getByLabel('Memory, MiB');
      await page.waitForFunction(
        (input) => input?.getAttribute('aria-invalid') === 'true',
        await field.elementHandle(),
      );
      expect(await page.getByLabel('Handler, ms').getAttribute('aria-invalid')).not.toBe('true');
      await page.getByText('must be >= 64', { exact: true }).waitFor();
      await page.getByText('Not saved: see the marked fields.').waitFor();
      await expectAccessible(page);
      expect(await settingsOf('refused')).toMatchObject({ memoryMib: 128 });
      await field.fill('192');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 2.').waitFor();
      expect(await settingsOf('refused')).toMatchObject({ memoryMib: 192, timeoutMs: 2000 });
    });

    it('secrets are masked, replaced and never in the page', async () => {
      const page = await open('secretive', { env: { TOKEN: { secret: 'first-secret' } } });
      await page.getByText('stored secret').waitFor();
      expect(await page.content()).not.toContain('first-secret');
      await page.getByRole('button', { name: 'Replace' }).click();
      await page.getByLabel('Value of TOKEN').fill('second-secret');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 2.').waitFor();
      await page.getByText('stored secret').waitFor();
      expect(await page.content()).not.toContain('second-secret');
      expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('second-secret');
      await page.getByRole('button', { name: 'Remove TOKEN' }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 3.').waitFor();
      expect((await settingsOf('secretive')).env).toEqual({});
    });

    it('what is usable here can be chosen, and why the rest is not is said', async () => {
      const page = await open('fenced');
      await page.getByRole('radio', { name: /^process/ }).check();
      await page.getByText('Changes isolation.').waitFor();
      expect(await page.getByRole('radio', { name: /^firecracker/ }).isDisabled()).toBe(true);
      await page.getByText('Egress is the outside world').waitFor();
      await page.getByRole('radiogroup', { name: 'Network' }).getByText('egress').click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page
        .getByRole('region', { name: 'Network' })
        .getByText(/cannot fence egress/)
        .waitFor();
    });

    it('a change made elsewhere is not overwritten, and one’s own is saved over what is there now', async () => {
      const page = await open('elsewhere');
      await page.getByLabel('Memory, MiB').fill('256');
      await bed.server.api('PATCH', '/functions/elsewhere', { timeoutMs: 9000 });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('alert').waitFor();
      await page.waitForFunction(
        (input) => (input as HTMLInputElement | null)?.value === '9000',
        await page.getByLabel('Handler, ms').elementHandle(),
      );
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved as revision 3.').waitFor();
      expect(await settingsOf('elsewhere')).toMatchObject({ memoryMib: 256, timeoutMs: 9000 });
    });

    it('deleting asks for the name', async () => {
      const page = await open('doomed');
      await page.getByRole('button', { name: 'Delete doomed' }).click();
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByRole('button', { name: 'Delete the function' }).isDisabled()).toBe(true);
      await dialog.getByRole('textbox').fill('doomed');
      await dialog.getByRole('button', { name: 'Delete the function' }).click();
      await page.waitForURL(`${bed.server.url}/`);
      expect((await bed.server.api('GET', '/functions/doomed')).status).toBe(404);
    });

    it('has no serious accessibility violation in either theme', async () => {
      const page = await open('reached', {
        env: { STAGE: 'dev', TOKEN: { secret: 'x' } },
        routes: [{ method: 'GET', path: '/r' }],
      });
      await page.getByRole('radio', { name: /^docker/ }).waitFor();
      await page.getByLabel('Memory, MiB').fill('256');
      await expectAccessible(page);
    });
  },
);
