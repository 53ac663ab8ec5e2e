import { createKey } from '../../client/generated/sdk.gen.ts';
import type { CreateKeyData } from '../../client/generated/types.gen.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';

export const keysCreate: Command = {
  words: ['keys', 'create'],
  summary: 'Create a key; its secret is shown this once',
  args: [{ name: '<name>', meaning: 'what it is for' }],
  options: [
    { name: '--scopes <scopes>', meaning: 'comma-separated: admin, deploy, invoke, read; default invoke' },
    { name: '--expires <time>', meaning: 'RFC 3339; default never' },
  ],
  examples: ['coldframe keys create ci --scopes deploy,invoke'],
  async run(context, [name = ''], options) {
    const body = {
      name,
      scopes: String(options.scopes ?? 'invoke').split(','),
      ...(options.expires ? { expiresAt: String(options.expires) } : {}),
    } as CreateKeyData['body'];
    const key = await context.data(createKey({ client: context.client, body }));
    context.out.progress('Keep it now: it is shown only this once.');
    context.out.data(key, () => key.secret);
    return EXIT.ok;
  },
};
