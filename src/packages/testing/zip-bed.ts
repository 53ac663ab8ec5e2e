import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { PackageRef } from '../../domain/function.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { PackageStore } from '../package-store.ts';
import { removePackageTree } from '../remove-package-tree.ts';
import type { CraftedEntry } from './craft-zip.ts';

/** For a file's tests of archives: a package store of its own for each. */
export class ZipBed {
  #dataDir = '';

  /** Call it once, outside of any test. */
  static use(): ZipBed {
    const bed = new ZipBed();
    beforeEach(async () => {
      bed.#dataDir = await mkdtemp(join(tmpdir(), 'coldframe-unzip-'));
    });
    afterEach(() => removePackageTree(bed.#dataDir));
    return bed;
  }

  putBytes = async (zip: Buffer, signal?: AbortSignal): Promise<PackageRef> => {
    const packages = new PackageStore({ dataDir: this.#dataDir });
    await packages.start();
    const zipPath = join(this.#dataDir, 'upload.zip');
    await writeFile(zipPath, zip);
    return await packages.putZip('default', zipPath, signal);
  };

  /** Puts what must be refused; nothing of it is left, and no path of the host is told. */
  refusal = async (zip: Buffer): Promise<{ code: string; message: string }> => {
    const error = await this.putBytes(zip).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ColdframeError);
    const { code, errors, publicMessage } = error as ColdframeError;
    expect(JSON.stringify([publicMessage, errors])).not.toContain(this.#dataDir);
    expect(await this.workspace()).toEqual([]);
    return { code, message: errors[0]?.message ?? '' };
  };

  /** What is in the workspace's folder. */
  workspace = (): Promise<string[]> => readdir(join(this.#dataDir, 'packages', 'default'));
}

/** A symbolic link as an archive holds it. */
export function link(name: string, target: string | Buffer): CraftedEntry {
  return { name, data: target, mode: 0o120777 };
}
