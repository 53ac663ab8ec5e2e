import { getFunction } from '../../client/generated/sdk.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';

export const functionsShow: Command = {
  words: ['functions', 'show'],
  summary: 'Show one function with all its settings',
  args: [{ name: '<function>', meaning: 'its name' }],
  examples: ['coldframe functions show hello'],
  async run(context, [name = '']) {
    const fn = await context.data(getFunction({ client: context.client, path: { name } }));
    context.out.data(fn, () =>
      Object.entries(fn)
        .map(
          ([key, value]) =>
            `${key.padEnd(22)}${visibleText(typeof value === 'string' ? value : JSON.stringify(value))}`,
        )
        .join('\n'),
    );
    return EXIT.ok;
  },
};
