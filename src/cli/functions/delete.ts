import { deleteFunction } from '../../client/generated/sdk.gen.ts';
import { WHAT_DELETE_DOES } from '../../domain/what-delete-does.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { ask } from '../server/ask.ts';

export const functionsDelete: Command = {
  words: ['functions', 'delete'],
  summary: 'Delete a function; calls in flight finish',
  args: [{ name: '<function>', meaning: 'its name' }],
  options: [{ name: '-y, --yes', meaning: 'do not ask' }],
  examples: ['coldframe functions delete hello', 'coldframe functions delete hello --yes'],
  async run(context, [name = ''], options) {
    if (!options.yes) {
      if (!process.stdin.isTTY)
        throw new CliError(EXIT.usage, 'Deleting asks first, and there is no terminal to ask on.', 'Add --yes.');
      context.out.progress(WHAT_DELETE_DOES);
      const answer = await ask(`Type the name to delete ${name}: `);
      if (answer !== name) throw new CliError(EXIT.usage, 'Nothing was deleted.');
    }
    await context.data(deleteFunction({ client: context.client, path: { name } }));
    context.out.progress(`Deleted ${name}.`);
    return EXIT.ok;
  },
};
