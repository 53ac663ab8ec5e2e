import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Says which process listens on a TCP port, e.g. `node (pid 12)`; null where /proc does not tell. Used once, on failure. */
export function portHolder(port: number): string | null {
  try {
    const inode = listeningInode(port);
    return inode === null ? null : processHolding(inode);
  } catch {
    return null;
  }
}

const LISTENING = '0A';

function listeningInode(port: number): string | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === LISTENING) return fields[9] ?? null;
    }
  }
  return null;
}

function processHolding(inode: string): string | null {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holds(pid, inode)) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
  }
  return null;
}

/** Processes of other users, and those that have ended, are passed over. */
function holds(pid: string, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}
