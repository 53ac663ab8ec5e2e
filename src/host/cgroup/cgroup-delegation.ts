import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { tryMakeDirectory, tryRead, tryWrite } from '../kernel-file.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { pidsOf } from './cgroup-tree-walk.ts';
import type { CgroupAvailability } from './sandbox-cgroup.ts';

const WANTED = ['cpu', 'memory', 'pids'] as const;
const FIX =
  'run the server as root, or as a systemd service with `Delegate=cpu memory pids`, so that it owns a cgroup subtree';

type V2Layout = CgroupLayout & { version: 2 };

/**
 * Finds the directory on cgroup v2 under which we may make our parent, makes it and hands the controllers down: the root
 * where writable, else the nearest writable ancestor of the server's own cgroup (a delegated subtree). v2 allows no
 * processes beside child groups with controllers; a server alone in its delegated group therefore moves into a leaf.
 */
export function prepareV2Parent(
  found: V2Layout,
  parentName: string,
  ownCgroup = readOwnCgroup(),
): { layout: CgroupLayout | null; result: CgroupAvailability } {
  const candidates = [found.base, ...ancestors(join(found.base, ownCgroup), found.base)];
  const reasons: string[] = [];
  for (const base of candidates) {
    const failure = tryBase(base, parentName);
    if (failure !== null) {
      reasons.push(failure);
      continue;
    }
    const parent = join(base, parentName);
    handDown(parent);
    const controllers = WANTED.filter((name) => enabled(join(parent, 'cgroup.subtree_control')).includes(name));
    const prefix = base === found.base ? '' : `/${relative(found.base, base)}`;
    const missing = WANTED.filter((name) => !controllers.includes(name));
    const reason = missing.length > 0 ? `controllers not delegated: ${missing.join(', ')}` : null;
    const fix = missing.length > 0 ? FIX : null;
    const result = { available: true, version: 2 as const, reason, fix, controllers: [...controllers, 'freezer'] };
    return { layout: { version: 2, base, prefix }, result };
  }
  const reason = `no writable cgroup v2 subtree (${[...new Set(reasons)].join(', ')})`;
  return { layout: null, result: { available: false, version: 2, reason, fix: FIX, controllers: [] } };
}

/** Null when our parent exists under `base` afterwards, else the reason why it does not. */
function tryBase(base: string, parentName: string): string | null {
  try {
    accessSync(join(base, 'cgroup.procs'), constants.W_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
  const pids = pidsOf([base]);
  const isRoot = tryRead(join(base, 'cgroup.type')) === null;
  if (!isRoot && pids.length > 0) {
    if (pids.length > 1 || pids[0] !== process.pid) return 'shared with other processes';
    const leaf = join(base, `${parentName}-server`);
    if (tryMakeDirectory(leaf) !== null || !tryWrite(join(leaf, 'cgroup.procs'), String(process.pid))) return 'no leaf';
  }
  handDown(base);
  return tryMakeDirectory(join(base, parentName));
}

/** Each controller by itself: one that is missing must not keep the others back. */
function handDown(directory: string): void {
  for (const name of WANTED) tryWrite(join(directory, 'cgroup.subtree_control'), `+${name}`);
}

function enabled(path: string): string[] {
  return (tryRead(path) ?? '').trim().split(/\s+/);
}

function ancestors(directory: string, stop: string): string[] {
  const found: string[] = [];
  for (let at = directory; at.length > stop.length; at = dirname(at)) found.push(at);
  return found;
}

function readOwnCgroup(): string {
  const line = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('0::'));
  return line === undefined ? '/' : line.slice(3);
}
