import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const COPIED = ['bin', 'runtimes', 'templates', 'package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'];

/** What a published package is packed from, in a folder of its own: freshly built, so no older dist/ slips in. */
export function stagePackage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of COPIED) {
    const isShipped = (path: string): boolean => !path.endsWith('.test.ts') && basename(path) !== '__pycache__';
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: isShipped });
  }
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-dist.ts'), join(folder, 'dist')], { stdio: 'inherit' });
}
