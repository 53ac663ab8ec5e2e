import { listInvocations } from '../../client/generated/sdk.gen.ts';
import type { ListInvocationsData } from '../../client/generated/types.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatMs, table } from '../output/table.ts';

export const invocationsList: Command = {
  words: ['invocations', 'list'],
  summary: 'List invocations, newest first',
  options: [
    { name: '--function <name>', meaning: 'only of this function, also when it is deleted' },
    {
      name: '--outcome <outcome>',
      meaning: 'ok, error, timeout, oom, crashed, cancelled; or failed, which is four of them',
    },
    { name: '--tried', meaning: 'drafts that were only tried, too' },
    { name: '--start <start>', meaning: 'cold, claimed, warm' },
    { name: '--from <time>', meaning: 'RFC 3339' },
    { name: '--to <time>', meaning: 'RFC 3339' },
    { name: '--limit <count>', meaning: 'at most 500; default 50' },
    { name: '--cursor <cursor>', meaning: 'nextCursor of the page before' },
  ],
  examples: ['coldframe invocations list --function hello --outcome error'],
  async run(context, _args, options) {
    const query = {
      ...options,
      limit: options.limit === undefined ? undefined : Number(options.limit),
    } as ListInvocationsData['query'];
    const page = await context.data(listInvocations({ client: context.client, query }));
    context.out.data(page, () =>
      table(
        ['id', 'function', 'outcome', 'start', 'duration', 'isolation', 'started'],
        page.items.map((one) => [
          one.id,
          one.functionName,
          one.outcome ?? one.state,
          one.start ?? null,
          formatMs(one.durationMs),
          one.isolation,
          one.startedAt,
        ]),
      ),
    );
    return EXIT.ok;
  },
};
