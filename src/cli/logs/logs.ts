import type { StreamEvent } from '../../client/generated/core/serverSentEvents.gen.ts';
import { functionLogs } from '../../client/generated/sdk.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import { type CliContext, type Problem, refused } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';

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
    let lastId: string | null = null;
    for (let quiet = 0; quiet < RECONNECTS_MAX; quiet++) {
      await follow(context, name, query, lastId, ({ id, event, data }) => {
        if (event === 'log') print(data as Line);
        if (event === 'gap') context.out.progress('(some lines were missed)');
        lastId = id ?? lastId;
        quiet = 0;
      });
      context.out.progress('The server closed the stream; connecting again.');
      await new Promise((wake) => setTimeout(wake, RECONNECT_MS));
    }
    return EXIT.cannotReachServer;
  },
};

/**
 * Follows by one connection until it ends, however it ends; whoever follows on connects again. Throws a CliError when the
 * server refuses or is not there.
 */
async function follow(
  context: CliContext,
  name: string,
  query: Record<string, unknown>,
  lastId: string | null,
  onEvent: (event: StreamEvent) => void,
): Promise<void> {
  let failure: unknown = null;
  const { stream } = await context.client.sse.get({
    url: '/api/v1/functions/{name}/logs',
    path: { name },
    query: { ...query, follow: true },
    headers: lastId === null ? {} : { 'last-event-id': lastId },
    sseMaxRetryAttempts: 1,
    async fetch(request, init) {
      const reply = await fetch(request, init).catch((cause: unknown) => {
        throw context.unreachable(cause);
      });
      if (reply.ok) return reply;
      throw refused(reply.status, (await reply.json().catch(() => undefined)) as Problem | undefined);
    },
    onSseEvent(event) {
      // A heartbeat has no data.
      if (event.data !== undefined) onEvent(event);
    },
    onSseError(error) {
      failure = error;
    },
  });
  // Events are told above, with their ids and kinds; here only their data would be.
  while (!(await stream.next()).done);
  if (failure instanceof CliError) throw failure;
}
