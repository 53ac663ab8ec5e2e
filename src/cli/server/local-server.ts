import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { candidateDataDirs, isOwnPrivateDirectory } from '../../config/data-dir.ts';

export interface LocalServer {
  folder: string;
  url: string;
  /** Null when its file does not say it. */
  pid: number | null;
  /** Null when the server was given its admin key, which it does not write down. */
  key: string | null;
}

/**
 * The server on this machine, by the files it leaves in its data directory. Null when there is none. Whoever named a folder vouches for it;
 * one that is only looked for could have been laid there by another user, so it is believed only if it is this user's and closed to others.
 */
export function findLocalServer(asked: string | null | undefined, xdgDataHome: string | undefined): LocalServer | null {
  for (const folder of asked ? [asked] : candidateDataDirs(xdgDataHome)) {
    if (!asked && !isOwnPrivateDirectory(folder)) continue;
    const server = readText(join(folder, 'server.json'));
    if (server === null) continue;
    try {
      const { url, pid = null } = JSON.parse(server) as { url: string; pid?: number };
      const key = readText(join(folder, 'admin.key'))?.trim() ?? null;
      return { folder, url: url.replace(/\/+$/, ''), pid, key };
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
