import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { CliError, EXIT } from '../exit-code.ts';
import { DeployRules, mayHoldSecrets } from './deploy-rules.ts';

const ENTRIES_MAX = 20_000;
const BYTES_MAX = 250 * 1024 * 1024;
const OWNER_MAY_RUN = 0o100;

export interface LocalFile {
  content: Buffer;
  isExecutable: boolean;
}

/** What a folder holds for a deploy, and what of it does not go. Paths are relative, with slashes. */
export interface LocalTree {
  files: Map<string, LocalFile>;
  /** Path to a target that stays inside. */
  links: Map<string, string>;
  /** Everything that stays behind, each with the rule that says so; what lies in a folder that does is not listed. */
  leftOut: { path: string; rule: string }[];
  /** Links out of the folder: what they lead to is sent in their place. */
  followed: { path: string; to: string }[];
  /** Of `files`, those that tools keep secrets in. */
  secrets: string[];
}

/**
 * Reads a folder whole. A link to something inside stays a link, relative; one that leads out is followed, and what it leads to
 * takes its place; one to nothing, or back to a folder it lies in, stays behind. Throws a CliError over 20,000 names or 250 MiB, and
 * for what cannot be read.
 */
export function readLocalTree(folder: string): LocalTree {
  const walk = new LocalWalk(folder);
  walk.folder({ path: '', root: realpathSync(folder), at: folder, above: [] });
  return walk.tree;
}

interface Place {
  /** In the package. */
  path: string;
  /** On disk. */
  at: string;
  /** Real path of the folder that links must stay in: the function's own, or the one a link out of it led to. */
  root: string;
  /** Real paths of the folders on the way here. */
  above: readonly string[];
}

class LocalWalk {
  readonly tree: LocalTree = { files: new Map(), links: new Map(), leftOut: [], followed: [], secrets: [] };
  readonly #rules: DeployRules;
  #entries = 0;
  #bytes = 0;

  constructor(folder: string) {
    this.#rules = new DeployRules(folder);
  }

  folder({ path, at, root, above }: Place): void {
    const here = realpathSync(at);
    const names = readable(at, () => readdirSync(at)).sort();
    if (names.length === 0 && path !== '') this.tree.leftOut.push({ path: `${path}/`, rule: 'an empty folder' });
    for (const name of names) {
      const place = { path: posix.join(path, name), at: join(at, name), root, above: [...above, here] };
      this.#entry(
        place,
        readable(place.at, () => lstatSync(place.at)),
      );
    }
  }

  #entry(place: Place, stat: Stats): void {
    const { path, at } = place;
    const rule = this.#rules.ruleAgainst(path, stat.isDirectory());
    if (rule !== null) this.tree.leftOut.push({ path: stat.isDirectory() ? `${path}/` : path, rule });
    else if (stat.isDirectory()) this.folder(place);
    else if (stat.isFile()) this.#file(path, at, stat);
    else if (stat.isSymbolicLink()) this.#link(place);
    else this.tree.leftOut.push({ path, rule: 'not a file, folder or link' });
  }

  #file(path: string, at: string, stat: Stats): void {
    this.#count(stat.size);
    const content = readable(at, () => readFileSync(at));
    this.tree.files.set(path, { content, isExecutable: (stat.mode & OWNER_MAY_RUN) !== 0 });
    if (mayHoldSecrets(path) || mayHoldSecrets(realpathSync(at).split(sep).join('/'))) this.tree.secrets.push(path);
  }

  #link(place: Place): void {
    const { path, at, root, above } = place;
    let real: string;
    try {
      real = realpathSync(at);
    } catch {
      this.tree.leftOut.push({ path, rule: 'a link that leads nowhere' });
      return;
    }
    if (isWithin(real, root)) {
      this.#count(0);
      this.tree.links.set(path, keptTarget(place, real));
      return;
    }
    const stat = statSync(real);
    if (stat.isDirectory() && above.some((folder) => isWithin(folder, real))) {
      this.tree.leftOut.push({ path, rule: 'a link to a folder that it lies in' });
      return;
    }
    this.tree.followed.push({ path, to: real });
    if (stat.isDirectory()) this.folder({ path, at: real, root: real, above });
    else this.#entry({ ...place, at: real }, stat);
  }

  #count(bytes: number): void {
    this.#entries++;
    this.#bytes += bytes;
    if (this.#entries <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) return;
    const message = `There are more than ${ENTRIES_MAX} files or 250 MiB to deploy.`;
    throw new CliError(
      EXIT.usage,
      message,
      'Deploy the function’s own folder, or name what is not needed in .coldframeignore.',
    );
  }
}

/** The link as it is, unless it is absolute or takes a way out of the folder and back: then the shortest way. */
function keptTarget({ at, root, above }: Place, real: string): string {
  const folder = above.at(-1) ?? root;
  const target = readlinkSync(at);
  const steps = relative(root, folder).split(sep).filter(Boolean).length;
  if (!target.startsWith('/') && climb(target) <= steps) return target;
  return relative(folder, real) || '.';
}

/** How many folders up a relative path goes at its highest. */
function climb(target: string): number {
  let [depth, highest] = [0, 0];
  for (const name of target.split('/')) {
    if (name === '..') highest = Math.max(highest, -(--depth));
    else if (name !== '' && name !== '.') depth++;
  }
  return highest;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} cannot be read: ${(error as Error).message}.`);
  }
}
