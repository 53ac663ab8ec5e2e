import { createClient } from '../../client/generated/client/index.ts';
import { listFunctions } from '../../client/generated/sdk.gen.ts';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { ask } from '../server/ask.ts';
import { readProfiles, writeProfiles } from '../server/profiles.ts';

export const login: Command = {
  words: ['login'],
  summary: 'Save a server and key as a profile, and use it from now on',
  args: [{ name: '[url]', meaning: 'e.g. https://console.example.org' }],
  options: [{ name: '--as <profile>', meaning: 'name of the profile; default `default`' }],
  examples: ['coldframe login https://console.example.org --as work', 'coldframe --profile work functions list'],
  async run(context, [url], options) {
    const target = url ?? context.flags.url ?? (await ask('Server: '));
    if (!URL.canParse(target)) throw new CliError(EXIT.usage, `${target} is not a URL.`);
    const key = context.flags.key ?? context.config.key ?? (await ask('Key: '));
    const client = createClient({ baseUrl: target.replace(/\/+$/, ''), headers: { authorization: `Bearer ${key}` } });
    const { response } = await listFunctions({ client, query: { limit: 1 } });
    if (!response) throw new CliError(EXIT.cannotReachServer, `The server at ${target} cannot be reached.`);
    if (response.status === 401)
      throw new CliError(
        EXIT.refused,
        'The server does not know that key.',
        'Make one there with `coldframe keys create`.',
      );
    const profiles = readProfiles(context.config.profilesPath);
    const name = String(options.as ?? 'default');
    writeProfiles(context.config.profilesPath, {
      current: name,
      profiles: { ...profiles.profiles, [name]: { url: target, key } },
    });
    context.out.progress(`Saved as ${name}; commands use it from now on.`);
    return EXIT.ok;
  },
};
