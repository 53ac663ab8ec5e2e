import { createClient } from '../../client/generated/client/index.ts';
import { createSignInLink } from '../../client/generated/sdk.gen.ts';
import type { CliContext } from '../cli-context.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { findLocalServer } from '../server/local-server.ts';

/** A second `up` on one data directory shows the way to the first server. Throws a CliError when that one is not to be found. */
export async function pointToRunning(context: CliContext, dataDir: string | null): Promise<number> {
  const local = findLocalServer(dataDir, context.config.xdgDataHome);
  if (local === null)
    throw new CliError(
      EXIT.usage,
      'Another Coldframe server uses this data directory.',
      'It is still starting or stopping; wait, or choose another with --data-dir.',
    );
  context.out.progress(`Coldframe is running already (process ${local.pid}) at ${local.url}`);
  const key = context.config.key ?? local.key;
  const link = process.stdout.isTTY && key !== null ? await mintLink(local.url, key) : null;
  if (link) process.stdout.write(`\nSign in: ${link}\n\n`);
  return EXIT.ok;
}

async function mintLink(url: string, key: string): Promise<string | null> {
  const client = createClient({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
  const { data } = await createSignInLink({ client }).catch(() => ({ data: undefined }));
  return data ? `${url}/#token=${data.token}` : null;
}
