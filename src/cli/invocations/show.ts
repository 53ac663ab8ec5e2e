import { getInvocation } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { invocationText } from '../output/invocation-text.ts';

export const invocationsShow: Command = {
  words: ['invocations', 'show'],
  summary: 'Show one invocation: phases, output, error, receipt',
  args: [{ name: '<id>', meaning: 'its id' }],
  examples: ['coldframe invocations show 0199a0c2-...'],
  async run(context, [id = '']) {
    const invocation = await context.data(getInvocation({ client: context.client, path: { id } }));
    context.out.data(invocation, () => invocationText(invocation));
    return EXIT.ok;
  },
};
