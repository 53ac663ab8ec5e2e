import { cancelInvocation } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';

export const invocationsCancel: Command = {
  words: ['invocations', 'cancel'],
  summary: 'Cancel a running invocation',
  args: [{ name: '<id>', meaning: 'its id' }],
  examples: ['coldframe invocations cancel 0199a0c2-...'],
  async run(context, [id = '']) {
    await context.data(cancelInvocation({ client: context.client, path: { id } }));
    context.out.progress(`Told ${id} to stop.`);
    return EXIT.ok;
  },
};
