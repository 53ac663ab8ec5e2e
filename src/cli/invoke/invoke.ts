import type { Problem } from '../cli-context.ts';
import { refused } from '../cli-context.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { errorText } from '../output/invocation-text.ts';
import { cancelOnInterrupt } from './cancel-on-interrupt.ts';
import { readEvent } from './read-event.ts';

export const invoke: Command = {
  words: ['invoke'],
  summary: 'Call a function; its result goes to stdout',
  args: [{ name: '<function>', meaning: 'its name, or name:$LATEST' }],
  options: [
    { name: '-e, --event <json>', meaning: 'the event; @file reads a file, - reads stdin; default {}' },
    { name: '--min-isolation <isolation>', meaning: 'refuse to run under a weaker one' },
  ],
  examples: [
    'coldframe invoke hello --event \'{"name": "Ada"}\'',
    'coldframe invoke hello --event @event.json',
    'cat event.json | coldframe invoke hello --event -',
  ],
  async run(context, [name = ''], options) {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (options.minIsolation) headers.set('coldframe-min-isolation', String(options.minIsolation));
    const event = await readEvent(options.event as string | undefined);
    const reply = await cancelOnInterrupt(context, async (token) => {
      headers.set('coldframe-cancel-token', token);
      const path = `/api/v1/functions/${encodeURIComponent(name)}/invoke`;
      const answer = await context.fetch(path, { method: 'POST', headers, body: event });
      // A stream runs as long as it is read, so it can be cancelled until its end.
      if (answer.ok) for await (const chunk of answer.body ?? []) context.out.raw(chunk);
      return answer;
    });
    if (reply.ok) {
      if (context.out.isTerminal) context.out.raw('\n');
      const of = (header: string) => reply.headers.get(`coldframe-${header}`) ?? '-';
      context.out.progress(`${of('invocation-id')}  ${of('start')}  ${of('isolation')}  ${of('duration-ms')} ms`);
      return EXIT.ok;
    }
    const problem = (await reply.json().catch(() => undefined)) as Problem | undefined;
    if (reply.status !== 502 && reply.status !== 504) throw refused(reply.status, problem);
    if (context.out.isJson) context.out.data(problem, () => '');
    context.out.problem(problem?.error ? errorText(problem.error) : (problem?.detail ?? `status ${reply.status}`));
    if (problem?.invocationId) context.out.progress(`coldframe invocations show ${problem.invocationId}`);
    return EXIT.functionFailed;
  },
};
