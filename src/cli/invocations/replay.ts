import { replayInvocation } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { invocationText } from '../output/invocation-text.ts';

export const invocationsReplay: Command = {
  words: ['invocations', 'replay'],
  summary: 'Run the captured event of an invocation again',
  args: [{ name: '<id>', meaning: 'its id' }],
  examples: ['coldframe invocations replay 0199a0c2-...'],
  async run(context, [id = '']) {
    const replayed = await context.data(replayInvocation({ client: context.client, path: { id } }));
    context.out.data(replayed, () => invocationText(replayed.invocation));
    return replayed.invocation.outcome === 'ok' ? EXIT.ok : EXIT.functionFailed;
  },
};
