import { spawn } from 'node:child_process';
import { createSignInLink } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { tunnelFromHere, tunnelWords } from '../server/tunnel-words.ts';

export const open: Command = {
  words: ['open'],
  summary: 'Print (and open) a new sign-in link to the console; it works once, for 10 minutes',
  options: [{ name: '--print', meaning: 'only print it' }],
  examples: ['coldframe open', 'coldframe open --print'],
  async run(context, _args, options) {
    const link = await context.data(createSignInLink({ client: context.client }));
    const url = `${context.server.url}/#token=${link.token}`;
    context.out.data({ url, expiresAt: link.expiresAt }, () => url);
    const tunnel = tunnelFromHere([context.server.url]);
    if (tunnel !== null) context.out.progress(tunnelWords(tunnel));
    const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
    if (!options.print && tunnel === null && process.stdout.isTTY)
      spawn(opener, [url], { stdio: 'ignore', detached: true })
        .on('error', () => {})
        .unref();
    return EXIT.ok;
  },
};
