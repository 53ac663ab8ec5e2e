import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ASSETS_PREFIX } from './console-paths.ts';

/** Written by the build in place of a nonce, replaced in each reply. */
export const NONCE_PLACEHOLDER = '__COLDFRAME_NONCE__';

export interface ConsoleFile {
  contentType: string;
  body: Buffer;
  /** The same content, compressed at build. Null when compressing saves nothing. */
  gzip: Buffer | null;
  /** The name carries a hash of the content. */
  isImmutable: boolean;
}

export interface BuiltConsole {
  /** The page, with placeholders for the nonce. */
  html: string;
  /** Files by path as browsers ask for them. Nothing outside is ever read. */
  files: ReadonlyMap<string, ConsoleFile>;
}

const CONTENT_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const HASHED = /-[\w-]{8}\.\w+$/;
/** Time between two looks at the folder. A page load in between gets what is in memory. */
const LOOK_EVERY_MS = 1_000;

/**
 * The built console, held in memory. In a clone it is built while the server already answers, and it is built again on
 * later starts. So the folder is looked at again when somebody asks for a page, at most once a second.
 */
export class ConsoleFolder {
  readonly #folder: string;
  #built: BuiltConsole | null = null;
  #seenMtimeMs = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null while there is no built console. */
  current(): BuiltConsole | null {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#look();
    }
    return this.#built;
  }

  /**
   * When the folder is just being replaced or cannot be read, what was read before stays. A page must not end the
   * server.
   */
  #look(): void {
    try {
      const { mtimeMs } = statSync(join(this.#folder, 'index.html'));
      if (mtimeMs === this.#seenMtimeMs) return;
      this.#built = readBuilt(this.#folder);
      this.#seenMtimeMs = mtimeMs;
    } catch {
      // The folder is looked at again a second later.
    }
  }
}

function readBuilt(folder: string): BuiltConsole {
  const assets = join(folder, ASSETS_PREFIX);
  const names = new Set(readdirSync(assets));
  const files = new Map<string, ConsoleFile>();
  for (const name of names) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    files.set(`${ASSETS_PREFIX}${name}`, {
      contentType,
      body: readFileSync(join(assets, name)),
      gzip: names.has(`${name}.gz`) ? readFileSync(join(assets, `${name}.gz`)) : null,
      isImmutable: HASHED.test(name),
    });
  }
  return { html: readFileSync(join(folder, 'index.html'), 'utf8'), files };
}
