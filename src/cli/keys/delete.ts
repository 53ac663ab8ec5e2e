import { deleteKey } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';

export const keysDelete: Command = {
  words: ['keys', 'delete'],
  summary: 'Delete a key; it stops working at once',
  args: [{ name: '<id>', meaning: 'its id, from `keys list`' }],
  examples: ['coldframe keys delete 0199a0c2-...'],
  async run(context, [id = '']) {
    await context.data(deleteKey({ client: context.client, path: { id } }));
    context.out.progress(`Deleted ${id}.`);
    return EXIT.ok;
  },
};
