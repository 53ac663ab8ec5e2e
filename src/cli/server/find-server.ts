import type { CliConfig } from '../../config/cli-config.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { findLocalServer } from './local-server.ts';
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
  const local = findLocalServer(flags.dataDir ?? config.dataDir, config.xdgDataHome);
  const target = url ? trimSlash(url) : local?.url;
  if (target === undefined)
    throw new CliError(
      EXIT.cannotReachServer,
      'No Coldframe server was found on this machine.',
      'Start one with `coldframe up`, or name one with --url and --key.',
    );
  // The key of this machine's server goes to that server alone, never to another address.
  const known = key ?? (target === local?.url ? local.key : null);
  if (known) return { url: target, key: known, from: local?.folder ?? '--url' };
  throw new CliError(
    EXIT.usage,
    `There is an address, ${target}, but no key for it.`,
    'Give --key or COLDFRAME_KEY, or run `coldframe login`.',
  );
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
