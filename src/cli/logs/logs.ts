import { functionLogs } from '../../client/generated/sdk.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import { refused } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { readServerEvents } from './server-events.ts';

interface Line {
  at: string;
  stream: string;
  text: string;
  invocationId: string;
}

/** Reconnections of --follow in a row without a line in between. */
const RECONNECTS_MAX = 10;
const RECONNECT_MS = 1_000;

export const logs: Command = {
  words: ['logs'],
  summary: 'Show what a function printed; -f follows',
  args: [{ name: '<function>', meaning: 'its name' }],
  options: [
    { name: '-f, --follow', meaning: 'go on as lines come; Ctrl-C ends' },
    { name: '--invocation <id>', meaning: 'only of this invocation' },
    { name: '--contains <text>', meaning: 'only lines that hold it' },
    { name: '--limit <count>', meaning: 'newest lines to show; default 100' },
  ],
  examples: ['coldframe logs hello', 'coldframe logs hello --follow --contains error'],
  async run(context, [name = ''], options) {
    const query = {
      limit: Number(options.limit ?? 100),
      invocation: options.invocation as string | undefined,
      contains: options.contains as string | undefined,
    };
    const print = (line: Line): void => {
      if (context.out.isJson) context.out.raw(`${JSON.stringify(line)}\n`);
      else
        context.out.raw(
          `${line.at} ${line.invocationId.slice(-8)} ${line.stream === 'stdout' ? '|' : '!'} ${visibleText(line.text)}\n`,
        );
    };
    if (!options.follow) {
      const page = await context.data(
        functionLogs({ client: context.client, path: { name }, query: { ...query, follow: false } }),
      );
      for (const line of [...page.items].reverse()) print(line);
      return EXIT.ok;
    }
    const parameters = new URLSearchParams({ follow: 'true', limit: String(query.limit) });
    if (query.invocation) parameters.set('invocation', query.invocation);
    if (query.contains) parameters.set('contains', query.contains);
    let lastId: string | null = null;
    for (let quiet = 0; quiet < RECONNECTS_MAX; quiet++) {
      const headers = new Headers(lastId ? { 'last-event-id': lastId } : {});
      const reply = await context.fetch(`/api/v1/functions/${encodeURIComponent(name)}/logs?${parameters}`, {
        headers,
      });
      if (!reply.ok) throw refused(reply.status, (await reply.json().catch(() => undefined)) as undefined);
      for await (const event of readServerEvents(reply)) {
        if (event.event === 'log') print(JSON.parse(event.data) as Line);
        if (event.event === 'gap') context.out.progress('(some lines were missed)');
        lastId = event.id ?? lastId;
        quiet = 0;
      }
      context.out.progress('The server closed the stream; connecting again.');
      await new Promise((wake) => setTimeout(wake, RECONNECT_MS));
    }
    return EXIT.cannotReachServer;
  },
};
