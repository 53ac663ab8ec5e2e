import { cancelComparison, getComparison } from '../../client/generated/sdk.gen.ts';
import type { CliContext } from '../cli-context.ts';
import { refused } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { readEvent } from '../invoke/read-event.ts';
import { type Comparison, comparisonText } from './comparison-text.ts';

const LOOK_EVERY_MS = 500;

export const compare: Command = {
  words: ['compare'],
  summary: 'Run a function under several isolations, side by side',
  args: [{ name: '[function]', meaning: 'its name' }],
  options: [
    { name: '--isolations <isolations>', meaning: 'comma-separated; default: all usable but process' },
    { name: '--count <count>', meaning: 'calls of each kind of start under each isolation; default 10, at most 100' },
    { name: '-e, --event <json>', meaning: 'the event; @file reads a file, - reads stdin; default {}' },
    { name: '--time-limit <seconds>', meaning: 'for each isolation; default 120' },
    { name: '--csv', meaning: 'the figures as CSV' },
    { name: '--show <id>', meaning: 'a comparison that was run before, instead of a new one' },
  ],
  examples: [
    'coldframe compare hello',
    'coldframe compare hello --isolations process,bubblewrap,docker --count 20',
    'coldframe compare hello --csv > hello.csv',
    'coldframe compare --show 01a2145f-7d66-7d2a-8b07-0b8a6a1f9f3c --csv',
  ],
  async run(context, [name], options) {
    const shown = options.show as string | undefined;
    if ((name === undefined) === (shown === undefined))
      throw new CliError(EXIT.usage, 'Name a function to compare, or a comparison with --show.');
    const comparison = shown === undefined ? await runOne(context, name ?? '', options) : await read(context, shown);
    if (options.csv) context.out.raw(await csv(context, comparison.id));
    else context.out.data(comparison, () => comparisonText(comparison));
    const hasFailed = comparison.isolations.some(({ failure }) => failure !== null);
    return hasFailed ? EXIT.functionFailed : EXIT.ok;
  },
};

/** Starts one and follows it to its end; Ctrl-C cancels it and shows what it has. */
async function runOne(
  context: CliContext,
  name: string,
  options: Record<string, string | boolean | undefined>,
): Promise<Comparison> {
  const event = await readEvent(options.event as string | undefined);
  const reply = await context.fetch(`/api/v1/functions/${encodeURIComponent(name)}/comparisons`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bodyWith(event, {
      isolations: options.isolations === undefined ? undefined : String(options.isolations).split(','),
      count: numberOf(options.count, '--count'),
      timeLimitMs: seconds(options.timeLimit),
    }),
  });
  const started = (await reply.json().catch(() => undefined)) as Comparison | undefined;
  if (!reply.ok || started === undefined) throw refused(reply.status, started as never);
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once('SIGINT', onInterrupt);
  interrupted.signal.addEventListener('abort', () => {
    context.out.progress('Cancelling ...');
    // It may have ended meanwhile; the next look tells.
    void cancelComparison({ client: context.client, path: { id: started.id } }).catch(() => undefined);
  });
  try {
    return await follow(context, started);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function follow(context: CliContext, started: Comparison): Promise<Comparison> {
  let told = '';
  for (let comparison = started; ; comparison = await read(context, started.id)) {
    const at = comparison.isolations.find(({ state }) => state === 'running')?.isolation;
    const words = `${comparison.callsDone} of ${comparison.callsTotal} calls${at ? `, ${at}` : ''}`;
    if (words !== told) context.out.progress(words);
    told = words;
    if (comparison.state !== 'running') return comparison;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
}

function read(context: CliContext, id: string): Promise<Comparison> {
  return context.data(getComparison({ client: context.client, path: { id } }));
}

async function csv(context: CliContext, id: string): Promise<string> {
  const reply = await context.fetch(`/api/v1/comparisons/${encodeURIComponent(id)}?format=csv`);
  if (!reply.ok) throw refused(reply.status, (await reply.json().catch(() => undefined)) as undefined);
  return reply.text();
}

/** The event's bytes go as they are, so that numbers and key order reach the handler untouched. */
function bodyWith(event: Buffer, rest: Record<string, unknown>): Buffer<ArrayBuffer> {
  const members = JSON.stringify(rest).slice(1, -1);
  return Buffer.concat([Buffer.from(`{${members}${members === '' ? '' : ','}"event":`), event, Buffer.from('}')]);
}

function seconds(value: unknown): number | undefined {
  const number = numberOf(value, '--time-limit');
  return number === undefined ? undefined : Math.round(number * 1000);
}

function numberOf(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  throw new CliError(EXIT.usage, `${option} takes a number.`);
}
