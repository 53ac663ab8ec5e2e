import { statSync, watch } from 'node:fs';
import type { CliContext } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { type LocalFunction, readLocalFunction } from './read-folder.ts';
import { SecretFiles } from './secret-files.ts';
import { sendFunction } from './send-function.ts';
import { whatDiffers } from './what-differs.ts';

/** Editors write several times a save; one deploy serves them all. */
const SETTLE_MS = 120;

export const deploy: Command = {
  words: ['deploy'],
  summary: 'Create or update a function from a file or folder',
  args: [{ name: '[path]', meaning: 'a .js or .py file, or a folder with coldframe.json; default .' }],
  options: [
    { name: '--name <name>', meaning: 'instead of the name in coldframe.json' },
    { name: '--runtime <runtime>', meaning: 'instead of the one in coldframe.json' },
    { name: '--isolation <isolation>', meaning: 'instead of the one in coldframe.json' },
    { name: '--with-secret-files', meaning: 'do not ask about .env, .npmrc and the like: deploy them' },
    { name: '-w, --watch', meaning: 'deploy again on every change; Ctrl-C ends' },
  ],
  examples: ['coldframe deploy my-function', 'coldframe deploy handler.py --name hello', 'coldframe deploy . --watch'],
  async run(context, [path = '.'], options) {
    const overrides = Object.fromEntries(
      ['name', 'runtime', 'isolation'].flatMap((key) => (options[key] ? [[key, options[key]]] : [])),
    );
    const told = new Set<string>();
    const secrets = new SecretFiles(options.withSecretFiles === true);
    const read = async (): Promise<LocalFunction> => {
      const local = readLocalFunction(path);
      await secrets.settle(local.tree);
      for (const line of whatDiffers(local.tree)) {
        if (!told.has(line)) context.out.progress(line);
        told.add(line);
      }
      return { ...local, manifest: { ...local.manifest, ...overrides } };
    };
    await deployOnce(context, read);
    if (!options.watch) return EXIT.ok;
    context.out.progress(`Watching ${path} ...`);
    return watchAndDeploy(context, path, read);
  },
};

async function deployOnce(context: CliContext, read: () => Promise<LocalFunction>): Promise<void> {
  const local = await read();
  const fromMs = performance.now();
  const { fn, wasCreated } = await sendFunction(context, local);
  const tookMs = Math.round(performance.now() - fromMs);
  context.out.progress(
    `${wasCreated ? 'Created' : 'Updated'} ${fn.name} (${fn.runtime}, ${fn.effectiveIsolation}, revision ${fn.revision.number}) in ${tookMs} ms`,
  );
  context.out.data(fn, () => fn.url);
}

async function watchAndDeploy(context: CliContext, path: string, read: () => Promise<LocalFunction>): Promise<number> {
  let timer: NodeJS.Timeout | null = null;
  let isDeploying = false;
  let isDue = false;
  const run = async (): Promise<void> => {
    if (isDeploying) {
      isDue = true;
      return;
    }
    isDeploying = true;
    try {
      await deployOnce(context, read);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      context.out.problem(`coldframe: ${error.message}`);
    } finally {
      isDeploying = false;
    }
    if (isDue) {
      isDue = false;
      await run();
    }
  };
  const watcher = watch(path, { recursive: statSync(path).isDirectory() });
  watcher.on('change', () => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => void run(), SETTLE_MS);
  });
  await new Promise<void>((resolve) => process.once('SIGINT', resolve));
  watcher.close();
  return EXIT.ok;
}
