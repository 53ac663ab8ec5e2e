import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { chromiumPath } from './support/chromium.ts';
import { sharedBed } from './support/shared-bed.ts';
import { WorkbenchPage } from './support/workbench.ts';
import { zipOf } from './support/zip-of.ts';

const ECHO = 'export const handler = async (event) => event;\n';
const HOSTILE =
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\u001b[31mred\u202e';
const BREAKS = 'export const handler = async (event) => {\n  return event.order.lines;\n};\n';

describe.skipIf(chromiumPath === null)(
  'what the editor holds and shows (needs chromium)',
  { timeout: PREPARE_TIMEOUT_MS },
  () => {
    const bed = sharedBed();

    async function open(name: string, files: Record<string, string>): Promise<WorkbenchPage> {
      const created = await bed.server.api('POST', '/functions', { name, runtime: 'nodejs', code: { files } });
      expect([created.status, created.text]).toEqual([201, expect.any(String)]);
      const bench = new WorkbenchPage(await bed.page({ path: `/functions/${name}` }));
      await bench.editor('index.js').waitFor();
      return bench;
    }

    const codeOf = async (name: string) =>
      (
        await bed.server.api<{ files: Record<string, string>; binaryFiles: { path: string }[] }>(
          'GET',
          `/functions/${name}/code`,
        )
      ).body;

    it('results, errors and logs that hold HTML or terminal escapes are shown as text', async () => {
      const bench = await open('hostile', {
        'index.js': `const text = ${JSON.stringify(HOSTILE)};
export const handler = async ({ fails }) => {
  console.log(text);
  if (fails) throw Object.assign(new Error(text), { name: text });
  return { text, [text]: 1 };
};\n`,
      });
      const shown = '</script>\\x1b[31mred\\u202e';
      for (const event of ['{}', '{"fails": true}']) {
        await bench.writeEvent(event);
        await bench.page.keyboard.press('ControlOrMeta+Enter');
        await bench.result.getByText('unsaved code', { exact: true }).waitFor();
        await bench.page.getByRole('list', { name: 'Log lines' }).getByText(shown).waitFor();
        if (event === '{}') await bench.resultText.getByText('"<img').waitFor();
      }
      await bench.result.locator('p b').getByText(shown).waitFor();
      expect(await bench.page.title()).toBe('hostile · Coldframe');
      expect(await bench.page.locator('img[src="x"], script:not([src])').count()).toBe(0);
    });

    it('two clicks lead from a failed invocation in the list to its highlighted line', async () => {
      await bed.server.deploy('traced', 'nodejs', BREAKS);
      const id = (await bed.server.invoke('traced', {})).headers.get('coldframe-invocation-id') ?? '';
      await bed.server.record(id);
      const page = await bed.page({ path: '/functions/traced/invocations' });
      let clicks = 0;
      const click = async (target: ReturnType<typeof page.locator>): Promise<void> => {
        clicks++;
        await target.first().click();
      };
      await click(page.locator(`a[href*="${id}"]`));
      await click(page.getByRole('link', { name: /index\.js:2/ }));
      const bench = new WorkbenchPage(page);
      await bench.errorLine.waitFor();
      expect([clicks, await bench.errorLine.textContent()]).toEqual([2, '  return event.order.lines;']);
    });

    it('files are added, renamed and removed, and deployed as they stand', async () => {
      const bench = await open('several', { 'index.js': ECHO, 'old.js': 'export {};\n' });
      const { page } = bench;
      const files = page.getByRole('navigation', { name: 'Files' });
      await files.getByRole('button', { name: '+ New file' }).click();
      await page.keyboard.type('../out.js');
      await page.keyboard.press('Enter');
      await files.getByText('Give a path inside the package').waitFor();
      await files.getByRole('textbox').fill('lib/add.js');
      await page.keyboard.press('Enter');
      await bench.write('lib/add.js', 'export const add = (a, b) => a + b;\n');
      await files.getByRole('button', { name: 'old.js', exact: true }).focus();
      await page.keyboard.press('F2');
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type('renamed.js');
      await page.keyboard.press('Enter');
      await files.getByRole('button', { name: 'Actions for renamed.js' }).click();
      await page.getByRole('menuitem', { name: /Remove/ }).click();
      await files.getByRole('button', { name: 'Undo' }).click();
      await files.getByRole('button', { name: /^index\.js/ }).click();
      await bench.write(
        'index.js',
        "import { add } from './lib/add.js';\nexport const handler = async ({ n }) => add(n, 1);\n",
      );
      await bench.writeEvent('{"n": 1}');
      await page.keyboard.press('ControlOrMeta+s');
      await page.getByText('Deployed revision 2').waitFor();
      await bench.resultText.getByText('2', { exact: true }).waitFor();
      expect(Object.keys((await codeOf('several')).files).sort()).toEqual(['index.js', 'lib/add.js', 'renamed.js']);
    });

    it('a zip that is dropped is deployed once asked, and its files that are no text outlive edits', async () => {
      const bench = await open('zipped', { 'index.js': ECHO });
      const zip = await zipOf({
        'index.js': 'export const handler = async () => "from the zip";\n',
        'icon.png': Buffer.from([0, 1, 2, 255]),
      });
      await bench.drop('code.zip', zip);
      await bench.page.getByRole('dialog').getByRole('button', { name: 'Deploy the zip' }).click();
      await bench.editor('index.js').getByText('from the zip').waitFor();
      await bench.page.getByRole('navigation', { name: 'Files' }).getByText('icon.png').waitFor();
      await bench.write('index.js', ECHO);
      await bench.writeEvent('[7]');
      await bench.page.keyboard.press('ControlOrMeta+Enter');
      await bench.resultText.getByText('7').waitFor();
      await bench.page.keyboard.press('ControlOrMeta+s');
      await bench.page.getByText('Deployed revision 3').waitFor();
      expect(await codeOf('zipped')).toMatchObject({
        files: { 'index.js': ECHO },
        binaryFiles: [{ path: 'icon.png' }],
      });
    });

    it('texts that are dropped join the draft, and what is no text is refused by name', async () => {
      const bench = await open('dropped', { 'index.js': ECHO });
      await bench.drop('prices.json', Buffer.from('{"apple": 2}'));
      await bench.editor('prices.json').getByText('apple').waitFor();
      await bench.drop('icon.png', Buffer.from([0, 1]));
      await bench.page.getByText('icon.png is not text; deploy a zip that holds it.').waitFor();
    });

    it('numbers stay as they were written on the way to the handler and back, and a streamed text is shown', async () => {
      const bench = await open('exact', {
        'index.js':
          'export const handler = async ({ n }) => [JSON.rawJSON("1.0"), JSON.rawJSON("12345678901234567890"), n];\n',
        'stream.js':
          'export const handler = awslambda.streamifyResponse(async (_, stream) => stream.end("step 1\\nstep 2\\n"));\n',
      });
      await bench.writeEvent('{"n": 1}');
      await bench.page.keyboard.press('ControlOrMeta+Enter');
      await bench.resultText.getByText('12345678901234567890').waitFor();
      await bed.server.api('PATCH', '/functions/exact', { handler: 'stream.handler' });
      await bench.page.keyboard.press('ControlOrMeta+Enter');
      await bench.resultText.getByText('step 2').waitFor();
    });

    it('an event that is no JSON is not sent, and saved ones are there for the next time', async () => {
      const bench = await open('evented', { 'index.js': ECHO });
      const { page } = bench;
      await bench.writeEvent('{"a": ');
      await page.keyboard.press('ControlOrMeta+Enter');
      await page.getByText('The event is not valid JSON').waitFor();
      expect(await bench.resultText.count()).toBe(0);
      await bench.writeEvent('{"kept": 1.0}');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByLabel('Save this event as').fill('first');
      await page.keyboard.press('Enter');
      await page.getByRole('combobox', { name: 'Saved events' }).waitFor();
      await bench.writeEvent('{}');
      await page.getByRole('combobox', { name: 'Saved events' }).selectOption('');
      await page.getByRole('combobox', { name: 'Saved events' }).selectOption('first');
      await bench.event.getByText('1.0').waitFor();
      await page.getByRole('button', { name: 'Actions for the event first' }).click();
      await page.getByRole('menuitem', { name: /Delete/ }).click();
      await page.getByRole('combobox', { name: 'Saved events' }).waitFor({ state: 'detached' });
    });

    it('everything is reached by keyboard: Tab indents in the editor, Escape and Tab leave it', async () => {
      const bench = await open('keyed', { 'index.js': ECHO });
      const { page } = bench;
      const isInCode = () => page.evaluate(() => document.activeElement?.closest('.cm-content')?.ariaLabel ?? null);
      await page.getByRole('button', { name: '+ New file' }).focus();
      await page.keyboard.press('Tab');
      expect(await isInCode()).toBe('Code of index.js');
      await page.keyboard.press('Tab');
      await bench.editor('index.js').getByText('  export').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Tab');
      expect(await isInCode()).not.toBe('Code of index.js');
      await page.keyboard.press('ControlOrMeta+Enter');
      await bench.resultText.getByText('{}').waitFor();
    });

    it('a large result is bounded in the page and whole in the clipboard', async () => {
      const bench = await open('large', {
        'index.js': 'export const handler = async () => "x".repeat(3_000_000);\n',
      });
      await bench.page.getByRole('button', { name: 'Run' }).click();
      await bench.result.getByText(/of 2\.9\sMiB are shown/).waitFor();
      expect((await bench.resultText.textContent())?.length).toBeLessThan(150_000);
    });

    it('a template of the other language runs as it is', async () => {
      const page = await bed.page({ path: '/new?topic=failing&language=python' });
      await page.getByRole('textbox', { name: 'Name' }).fill('learner');
      await page.getByRole('button', { name: 'Create and run' }).click();
      const bench = new WorkbenchPage(page);
      await bench.result.getByText('KeyError').waitFor();
      const source = readFileSync(join(import.meta.dirname, '../../templates/failing-python/index.py'), 'utf8');
      const line = source.split('\n').findIndex((text) => text.includes('["price"]'));
      expect(await bench.errorLine.textContent()).toBe(source.split('\n')[line]);
      expect(await page.getByRole('combobox', { name: 'Saved events' }).inputValue()).toBe('broken');
      await bed.expectQuiet([/502/]);
    });
  },
);
