import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliConfig } from '../../config/cli-config.ts';
import { candidateDataDirs } from '../../config/data-dir.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { readProfiles } from './profiles.ts';

export interface ServerAddress {
  url: string;
  key: string;
  /** Where it was found, for messages. */
  from: string;
}

/**
 * Where the server is and with which key, in this order: flags, COLDFRAME_URL and COLDFRAME_KEY, the chosen or current
 * profile of `coldframe login`, and the files a server on this machine leaves in its data directory.
 */
export function findServer(
  flags: { url?: string; key?: string; profile?: string; dataDir?: string },
  config: CliConfig,
): ServerAddress {
  const url = flags.url ?? (flags.profile ? null : config.url);
  const key = flags.key ?? config.key;
  if (url && key) return { url: trimSlash(url), key, from: flags.url ? '--url' : 'COLDFRAME_URL' };
  const profiles = readProfiles(config.profilesPath);
  const name = flags.profile ?? (url || flags.dataDir || config.dataDir ? null : profiles.current);
  const profile = name ? profiles.profiles[name] : undefined;
  if (flags.profile && !profile)
    throw new CliError(EXIT.usage, `There is no profile ${flags.profile}.`, 'Run `coldframe login` to make one.');
  if (profile) return { url: trimSlash(profile.url), key: key ?? profile.key, from: `profile ${name}` };
  const asked = flags.dataDir ?? config.dataDir;
  for (const folder of asked ? [asked] : candidateDataDirs(config.xdgDataHome)) {
    const local = readLocal(folder);
    if (local) return { url: trimSlash(url ?? local.url), key: key ?? local.key, from: folder };
  }
  if (url)
    throw new CliError(
      EXIT.usage,
      'There is an address but no key.',
      'Give --key or COLDFRAME_KEY, or run `coldframe login`.',
    );
  throw new CliError(
    EXIT.cannotReachServer,
    'No Coldframe server was found on this machine.',
    'Start one with `coldframe up`, or name one with --url and --key.',
  );
}

function readLocal(folder: string): { url: string; key: string } | null {
  try {
    const { url } = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as { url: string };
    return { url, key: readFileSync(join(folder, 'admin.key'), 'utf8').trim() };
  } catch {
    return null;
  }
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
