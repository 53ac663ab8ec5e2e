import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { chromiumPath } from './support/chromium.ts';
import { expectAccessible } from './support/expect-accessible.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';

const ADDS = 'export const handler = async (event) => event.n + 1;\n';
const BREAKS = 'export const handler = async (event) => {\n  const order = {};\n  return order.lines.length;\n};\n';

describe.skipIf(chromiumPath === null)('the editor (needs chromium)', { timeout: PREPARE_TIMEOUT_MS }, () => {
  const bed = sharedBed();

  async function open(name: string, source: string, settings: Record<string, unknown> = {}): Promise<WorkbenchPage> {
    await bed.server.deploy(name, 'nodejs', source, settings);
    const bench = new WorkbenchPage(await bed.page({ path: `/functions/${name}` }));
    await bench.editor('index.js').waitFor();
    return bench;
  }

  const deployed = async (name: string): Promise<string> =>
    (await bed.server.api<{ files: Record<string, string> }>('GET', `/functions/${name}/code`)).body.files[
      'index.js'
    ] ?? '';

  it('three actions lead from signing in to the first reply of a function of one’s own', async () => {
    const page = await bed.page({ signedIn: false });
    let actions = 0;
    const act = async (work: () => Promise<unknown>): Promise<void> => {
      actions++;
      await work();
    };
    const link = await bed.signInLink();
    await act(() => page.goto(link).then(() => page.reload()));
    await act(() =>
      page
        .getByRole('link', { name: /New function|Start from a template/ })
        .first()
        .click(),
    );
    await act(() => page.getByRole('button', { name: 'Create and run' }).click());
    const bench = new WorkbenchPage(page);
    await bench.resultText.getByText('"hello": "Ada"').waitFor();
    expect(actions).toBeLessThanOrEqual(3);
    expect(await bench.result.textContent()).toMatch(/(A ready sandbox was taken|A sandbox was made)/);
    await page.reload();
    await page.getByText('sends the event to the code as it stands here').waitFor();
  });

  it('runs what is not deployed, and callers go on getting what is', async () => {
    const bench = await open('tried', 'export const handler = async () => "deployed";\n');
    await bench.write('index.js', ADDS);
    await bench.writeEvent('{"n": 41}');
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('42').waitFor();
    await bench.result.getByText('unsaved code', { exact: true }).waitFor();
    expect((await bed.server.invoke('tried')).body).toBe('deployed');
    for (const phase of ['queue', 'claim', 'load', 'import', 'handler', 'reply'])
      expect(await bench.result.getByText(phase, { exact: true }).count()).toBe(1);
  });

  it('Ctrl+S deploys and shows the time to the first reply of what was deployed', async () => {
    const bench = await open('saved', BREAKS);
    await bench.write('index.js', ADDS);
    await bench.writeEvent('{"n": 1}');
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.getByText(/Deployed revision 2; first reply after [\d.]+\sm?s/).waitFor();
    await bench.resultText.getByText('2', { exact: true }).waitFor();
    expect([await deployed('saved'), (await bed.server.invoke('saved', { n: 2 })).body]).toEqual([ADDS, 3]);
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.getByText(/Already deployed as revision 2/).waitFor();
  });

  it('an error shows its line; the line is mended and the call works', async () => {
    const bench = await open('mended', BREAKS);
    await bench.page.getByRole('button', { name: 'Run' }).click();
    await bench.result.getByText('Cannot read properties of undefined').waitFor();
    expect(await bench.errorLine.textContent()).toContain('order.lines.length');
    await bench.result.getByRole('button', { name: /index\.js:3/ }).click();
    await bench.page.keyboard.press('End');
    await bench.page.keyboard.insertText(' // seen');
    expect(await bench.errorLine.textContent()).toContain('// seen');
    await bench.write('index.js', ADDS);
    await bench.writeEvent('{"n": 1}');
    await bench.page.keyboard.press('ControlOrMeta+Enter');
    await bench.resultText.getByText('2', { exact: true }).waitFor();
    expect(await bench.errorLine.count()).toBe(0);
  });

  it('two clicks lead from a failed invocation’s address to its line, and the address alone does too', async () => {
    await bed.server.deploy('linked', 'nodejs', BREAKS);
    const page = await bed.page({ path: '/functions/linked?file=index.js&line=3' });
    const bench = new WorkbenchPage(page);
    await bench.errorLine.waitFor();
    expect(await bench.errorLine.textContent()).toContain('order.lines.length');
  });

  it('code that does not parse is refused with a mark at its line, for runs and for deploys', async () => {
    const bench = await open('broken', ADDS);
    for (const keys of ['ControlOrMeta+Enter', 'ControlOrMeta+s']) {
      await bench.write('index.js', 'export const handler = async () => {\n  const a = {;\n};\n');
      await bench.page.keyboard.press(keys);
      await bench.page.getByRole('alert').getByText('Syntax error in the code').first().waitFor();
      await bench.page.locator('.cm-lintRange-error').filter({ hasText: 'const' }).waitFor();
    }
    expect(await deployed('broken')).toBe(ADDS);
  });

  it('Enter never takes a completion nobody chose; Tab, arrows with Enter and a click do', async () => {
    const bench = await open('completed', 'const totalPrice = 3;\n');
    const lines = async (): Promise<string[]> =>
      (await bench.editor('index.js').locator('.cm-line').allTextContents()).filter(Boolean);
    const typeTotal = async (): Promise<void> => {
      await bench.write('index.js', 'const totalPrice = 3;\n');
      await bench.page.keyboard.type('x = total');
      await bench.page.getByRole('option', { name: 'totalPrice' }).waitFor();
    };
    await typeTotal();
    await bench.page.keyboard.press('Enter');
    await bench.page.keyboard.type('return');
    expect(await lines()).toEqual(['const totalPrice = 3;', 'x = total', 'return']);
    for (const keys of [['Tab'], ['ArrowDown', 'Enter']]) {
      // A list that has just opened takes no key yet, so that none is taken by accident: on a busy host once more.
      await expect
        .poll(
          async () => {
            await typeTotal();
            for (const key of keys) await bench.page.keyboard.press(key);
            return await lines();
          },
          { timeout: 60_000 },
        )
        .toEqual(['const totalPrice = 3;', 'x = totalPrice']);
    }
    await typeTotal();
    await bench.page.getByRole('option', { name: 'totalPrice' }).click();
    expect(await lines()).toEqual(['const totalPrice = 3;', 'x = totalPrice']);
  });

  it('Cancel ends what runs, unsaved or deployed, at once and with its record', async () => {
    const sleeps = 'export const handler = () => new Promise((wake) => setTimeout(wake, 60_000));\n';
    const bench = await open('slow', sleeps, { timeoutMs: 90_000 });
    for (const keys of ['ControlOrMeta+Enter', 'ControlOrMeta+s']) {
      await bench.write('index.js', `${sleeps}// ${keys}\n`);
      await bench.page.keyboard.press(keys);
      await bench.result.getByRole('button', { name: 'Cancel' }).click();
      await bench.result.getByText('cancelled', { exact: true }).waitFor();
      await bench.result.getByText(keys.endsWith('s') ? 'deployed code' : 'unsaved code', { exact: true }).waitFor();
    }
    const { items } = (await bed.server.api<{ items: { state: string }[] }>('GET', '/invocations?function=slow')).body;
    expect(items.filter(({ state }) => state !== 'finished')).toEqual([]);
  });

  it('a draft survives a reload, says so, and can be discarded', async () => {
    const bench = await open('drafted', ADDS);
    await bench.write('index.js', '// mine\n');
    await bench.page.getByText('Not deployed; draft kept in this browser.').waitFor();
    await bench.page.reload();
    await bench.editor('index.js').getByText('// mine').waitFor();
    await bench.page.getByRole('button', { name: 'Discard draft' }).click();
    await bench.editor('index.js').getByText('event.n').waitFor();
    await bench.page.reload();
    await bench.editor('index.js').getByText('event.n').waitFor();
  });

  it('a deploy made elsewhere is shown beside the draft and overwritten only knowingly', async () => {
    const bench = await open('shared', ADDS);
    await bench.write('index.js', `// mine\n${ADDS}`);
    const theirs = `// theirs\n${ADDS}`;
    await bed.server.api('PUT', '/functions/shared/code', { source: theirs });
    await bench.page.keyboard.press('ControlOrMeta+s');
    const dialog = bench.page.getByRole('dialog');
    await dialog.getByText('Revision 2 was deployed elsewhere').waitFor();
    expect(await deployed('shared')).toBe(theirs);
    await dialog.locator('.cm-line', { hasText: '// theirs' }).waitFor();
    await dialog.locator('.cm-line', { hasText: '// mine' }).waitFor();
    await expectAccessible(bench.page);
    await dialog.getByRole('button', { name: 'Keep the right side as my draft' }).click();
    await bench.editor('index.js').click();
    await bench.page.keyboard.press('ControlOrMeta+s');
    await bench.page.getByText('Deployed revision 3').waitFor();
    expect(await deployed('shared')).toContain('// mine');
  });

  it('a draft discarded after a deploy made elsewhere gives way to what is deployed now', async () => {
    const bench = await open('given-up', ADDS);
    await bench.write('index.js', '// mine\n');
    await bed.server.api('PUT', '/functions/given-up/code', { source: `// theirs\n${ADDS}` });
    const notice = bench.page.getByText('Revision 2 was deployed elsewhere');
    await notice.waitFor();
    await bench.page.getByRole('button', { name: 'Discard draft' }).click();
    await bench.editor('index.js').getByText('// theirs').waitFor();
    await notice.waitFor({ state: 'detached' });
    await bench.page.getByText('Revision 2, as deployed.').waitFor();
  });

  it('a deploy made elsewhere is simply shown where there is no draft', async () => {
    const bench = await open('followed', ADDS);
    await bed.server.api('PUT', '/functions/followed/code', { source: `// theirs\n${ADDS}` });
    await bench.editor('index.js').getByText('// theirs').waitFor();
    await bench.page.getByText('Revision 2, as deployed.').waitFor();
  });

  it('has no serious accessibility violation with a result and with an error, in either theme', async () => {
    const bench = await open('reached', BREAKS);
    await bench.page.getByRole('button', { name: 'Run' }).click();
    await bench.result.getByText('TypeError').waitFor();
    await expectAccessible(bench.page);
    await bench.page.goto(`${bed.server.url}/new`);
    await bench.page.getByRole('button', { name: 'Create and run' }).waitFor();
    await expectAccessible(bench.page);
  });
});
