import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliConfig } from '../../config/cli-config.ts';
import { candidateDataDirs, isOwnPrivateDirectory } from '../../config/data-dir.ts';
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
  const local = findLocal(flags.dataDir ?? config.dataDir, config.xdgDataHome);
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

interface LocalServer {
  folder: string;
  url: string;
  /** Null when the server was given its admin key, which it does not write down. */
  key: string | null;
}

function findLocal(asked: string | null | undefined, xdgDataHome: string | undefined): LocalServer | null {
  for (const folder of asked ? [asked] : candidateDataDirs(xdgDataHome)) {
    // Whoever named a folder vouches for it; one that was only looked for could have been laid there by another user.
    if (!asked && !isOwnPrivateDirectory(folder)) continue;
    const server = readText(join(folder, 'server.json'));
    if (server === null) continue;
    try {
      const { url } = JSON.parse(server) as { url: string };
      return { folder, url: trimSlash(url), key: readText(join(folder, 'admin.key'))?.trim() ?? null };
    } catch {
      // Half written by a server that is just starting: as if it were not there.
    }
  }
  return null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
