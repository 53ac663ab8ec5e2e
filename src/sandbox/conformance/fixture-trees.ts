import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CodeRef } from '../../contract/driver.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/functions');

/** Code trees as the package store would hold them: root-owned, readable by all, in one closed temp directory. */
export class FixtureTrees {
  #root: string | null = null;
  readonly #made = new Map<string, CodeRef>();

  fixture(name: string): CodeRef {
    return this.#tree(name, (path) => cpSync(join(FIXTURES, name), path, { recursive: true }));
  }

  source(files: Record<string, string | Uint8Array>, links: Record<string, string> = {}): CodeRef {
    return this.#tree(JSON.stringify([files, links]), (path) => {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, file)), { recursive: true });
        writeFileSync(join(path, file), text);
      }
      for (const [link, target] of Object.entries(links)) {
        mkdirSync(dirname(join(path, link)), { recursive: true });
        symlinkSync(target, join(path, link));
      }
    });
  }

  async remove(): Promise<void> {
    if (this.#root !== null) await rm(this.#root, { recursive: true, force: true });
    this.#root = null;
    this.#made.clear();
  }

  #tree(identity: string, write: (path: string) => void): CodeRef {
    const made = this.#made.get(identity);
    if (made !== undefined) return made;
    // Closed to everybody else, as the data directory is: code is seen only where it was delivered.
    this.#root ??= mkdtempSync(join(tmpdir(), 'coldframe-conformance-'));
    const sha256 = createHash('sha256').update(identity).digest('hex');
    const path = join(this.#root, sha256.slice(0, 16));
    mkdirSync(path, { recursive: true });
    write(path);
    const fileCount = openToAll(path);
    const code = { sha256, workspaceId: 'w', path, fileCount };
    this.#made.set(identity, code);
    return code;
  }
}

/** Readable whatever the umask of the checkout was; returns the number of files. */
function openToAll(path: string): number {
  chmodSync(path, 0o755);
  let count = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) count += openToAll(child);
    else {
      if (!entry.isSymbolicLink()) chmodSync(child, 0o644);
      count += 1;
    }
  }
  return count;
}
