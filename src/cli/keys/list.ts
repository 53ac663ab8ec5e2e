import { listKeys } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { table } from '../output/table.ts';

export const keysList: Command = {
  words: ['keys', 'list'],
  summary: 'List the keys',
  examples: ['coldframe keys list'],
  async run(context) {
    const { items } = await context.data(listKeys({ client: context.client }));
    context.out.data(items, () =>
      table(
        ['id', 'name', 'scopes', 'created', 'last used', 'expires'],
        items.map((key) => [key.id, key.name, key.scopes.join(' '), key.createdAt, key.lastUsedAt, key.expiresAt]),
      ),
    );
    return EXIT.ok;
  },
};
