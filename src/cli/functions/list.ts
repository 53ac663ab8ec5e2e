import { listFunctions } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { table } from '../output/table.ts';

export const functionsList: Command = {
  words: ['functions', 'list'],
  summary: 'List the functions',
  examples: ['coldframe functions list', 'coldframe functions list --json'],
  async run(context) {
    const page = await context.data(listFunctions({ client: context.client, query: { limit: 500 } }));
    context.out.data(page.items, () =>
      page.items.length === 0
        ? 'No functions yet. `coldframe init hello-node my-function && coldframe deploy my-function` makes the first.'
        : table(
            ['name', 'runtime', 'isolation', 'state', 'updated', 'url'],
            page.items.map((fn) => [fn.name, fn.runtime, fn.effectiveIsolation, fn.state, fn.updatedAt, fn.url]),
          ),
    );
    return EXIT.ok;
  },
};
