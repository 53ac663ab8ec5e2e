/** Names a link may pass through, with those its own folder has; more than any path of a package has. */
const TARGET_SEGMENTS_MAX = 64;
const TARGET_MAX_BYTES = 1024;
/** The kernel follows 40 for one path. Package managers and versioned libraries need three. */
const LINK_HOPS_MAX = 8;

/** A symbolic link of a package. */
export interface PackageLink {
  path: string;
  /** As it is written in the link: relative to the link's own folder. */
  target: string;
}

/** Where a path leads once every link is followed; or why it may not be followed, in words for the package's author. */
export type Resolution = { kind: 'inside'; path: string; hops: number } | { kind: 'refused'; reason: string };

/** Why a link's target cannot be part of a package, by its text alone; null when it can. */
export function targetProblem(target: string): string | null {
  if (target === '') return 'the link leads nowhere';
  if (/[\x00-\x1f\x7f\\]/.test(target) || !target.isWellFormed()) return 'the link holds a character no path may have';
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) return 'the link is absolute';
  if (Buffer.byteLength(target) > TARGET_MAX_BYTES) return `the link is longer than ${TARGET_MAX_BYTES} bytes`;
  if (target.split('/').length > TARGET_SEGMENTS_MAX) return `the link has more than ${TARGET_SEGMENTS_MAX} parts`;
  return null;
}

/**
 * The links of one package, followed as the kernel would and never on disk. A link that leads to nothing is fine; one that
 * leaves the package on its way, or passes through more than 8 links (a loop does), is refused. Each link is followed once.
 */
export class PackageLinks {
  readonly #targets: ReadonlyMap<string, string>;
  readonly #known = new Map<string, Resolution>();

  constructor(links: readonly PackageLink[]) {
    this.#targets = new Map(links.map(({ path, target }) => [path, target]));
  }

  resolve(path: string): Resolution {
    return this.#walk([], path, 0);
  }

  #walk(from: readonly string[], path: string, depth: number): Resolution {
    let at = [...from];
    let hops = 0;
    for (const name of path.split('/')) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (at.pop() === undefined) return { kind: 'refused', reason: 'the link leads out of the package' };
        continue;
      }
      at.push(name);
      const here = at.join('/');
      if (!this.#targets.has(here)) continue;
      const followed = this.#follow(here, depth);
      if (followed.kind === 'refused') return followed;
      hops += followed.hops;
      if (hops > LINK_HOPS_MAX) return tooMany();
      at = followed.path === '' ? [] : followed.path.split('/');
    }
    return { kind: 'inside', path: at.join('/'), hops };
  }

  #follow(link: string, depth: number): Resolution {
    const known = this.#known.get(link);
    if (known !== undefined) return known;
    if (depth >= LINK_HOPS_MAX) return tooMany();
    const reached = this.#walk(link.split('/').slice(0, -1), this.#targets.get(link) ?? '', depth + 1);
    const followed = reached.kind === 'inside' ? { ...reached, hops: reached.hops + 1 } : reached;
    this.#known.set(link, followed);
    return followed;
  }
}

function tooMany(): Resolution {
  return {
    kind: 'refused',
    reason: `the link passes through more than ${LINK_HOPS_MAX} links, or comes back to itself`,
  };
}
