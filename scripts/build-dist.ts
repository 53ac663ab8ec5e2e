import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** `npm run build`: src/ as JavaScript in dist/, for a published package (Node strips no types under node_modules). */
const root = resolve(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript7/bin/tsc'), '-p', 'tsconfig.build.json'],
  { cwd: root, stdio: 'inherit' },
);
if (result.status !== 0) process.exit(1);
for (const entry of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
  const isAsset = entry.isFile() && !/\.(ts|tsx)$/.test(entry.name);
  const folder = entry.parentPath.slice(join(root, 'src').length);
  if (isAsset && existsSync(join(root, 'dist', folder)))
    cpSync(join(entry.parentPath, entry.name), join(root, 'dist', folder, entry.name));
}
