import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { removePackageTree } from '../../src/packages/remove-package-tree.ts';

const ARCHIVES = resolve(import.meta.dirname, '../../fixtures/data-dirs');

/** What fixtures/data-dirs/README.md says of the one that commit cb5d05c wrote. */
export const CB5D05C = {
  commit: 'cb5d05c',
  adminKey: 'cf_iz9nLvyzCfD0MZnGd6bjF_tUIC_4HS01RGrjTnupWL0',
  callerKey: 'cf_6cIJxubSCM9DS9D4O3FAyLenqhDles9b0QbsAbqQME8',
} as const;

/** A copy of the data directory that an earlier version left; gone when the test's scope ends. */
export function unpackDataDir(commit: string): AsyncDisposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), `coldframe-from-${commit}-`));
  execFileSync('tar', ['-xzf', join(ARCHIVES, `${commit}.tar.gz`), '-C', path]);
  return { path, [Symbol.asyncDispose]: () => removePackageTree(path) };
}
