import { join } from 'node:path';
import { parseConfig, SETTINGS } from '../../config/config.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { RunningServer } from '../../main.ts';
import type { CliContext } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { tunnelFromHere, tunnelWords } from '../server/tunnel-words.ts';
import { pointToRunning } from './point-to-running.ts';

/** One Ctrl-C arrives several times: from the terminal, from npm and from the launcher that pass it on. */
const SAME_PRESS_MS = 500;

export const up: Command = {
  words: ['up'],
  summary: 'Start the server and print a sign-in link',
  options: SETTINGS.flatMap((setting) =>
    setting.flag
      ? [{ name: `--${setting.flag} <${setting.takes}>`, meaning: `${setting.meaning} (${setting.variable})` }]
      : [],
  ),
  examples: ['coldframe up', 'coldframe up --port 9000 --isolation docker,bubblewrap'],
  async run(context, _args, options) {
    const flags = Object.fromEntries(
      SETTINGS.flatMap((setting) =>
        setting.flag ? [[setting.flag, options[camelCase(setting.flag)] as string | undefined]] : [],
      ),
    );
    try {
      const config = parseConfig({ ...flags, 'admin-key': flags['admin-key'] ?? context.flags.key }, process.env);
      const told = untilTold();
      // The server's parts take a second of CPU to load, which no other command should pay.
      const { startServer } = await import('../../main.ts');
      const server = await startServer(config, context.config.xdgDataHome);
      announce(context, server, config.adminKey !== null);
      await told;
      context.out.progress('Stopping: calls in flight may finish.');
      await server.stop();
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof ColdframeError)) throw error;
      if (error.code === 'data_dir_locked')
        return pointToRunning(context, (options.dataDir as string | undefined) ?? context.config.dataDir);
      throw new CliError(EXIT.usage, error.publicMessage, error.entry.whatToDo);
    }
  },
};

/** The link is a credential, so it is printed to a terminal only; a log gets the address. */
function announce(context: CliContext, server: RunningServer, isKeyGiven: boolean): void {
  context.out.progress(`Coldframe answers at ${server.url}, function URLs at ${server.functionUrl}`);
  context.out.progress(`Data: ${server.dataDir.path}${server.dataDir.isTemporary ? ' (temporary!)' : ''}`);
  if (process.stdout.isTTY) process.stdout.write(`\nSign in: ${server.signInLink()}\n\n`);
  else context.out.progress(`Sign in with \`coldframe open\`, or with ${keyWords(server, isKeyGiven)}.`);
  const tunnel = tunnelFromHere([server.url, server.functionUrl]);
  if (tunnel !== null) context.out.progress(tunnelWords(tunnel));
  void server
    .whenUsable()
    .then((isolations) =>
      context.out.progress(
        isolations.length > 0 ? `Usable: ${isolations.join(', ')}` : 'No isolation is usable: see `coldframe doctor`',
      ),
    );
}

/** A server that was given its key writes it to no file. */
function keyWords(server: RunningServer, isKeyGiven: boolean): string {
  return isKeyGiven ? 'the admin key it was started with' : `the key in ${join(server.dataDir.path, 'admin.key')}`;
}

/** Resolves on the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    let toldAtMs: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        const nowMs = performance.now();
        if (toldAtMs !== null && nowMs - toldAtMs > SAME_PRESS_MS) process.exit(1);
        toldAtMs ??= nowMs;
        resolve();
      });
    }
  });
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
