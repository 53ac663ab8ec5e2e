import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildConsole } from './build-console.ts';

/**
 * `npm run build [-- FOLDER]`: src/ as JavaScript in FOLDER (default dist/), for a published package (Node strips no types
 * under node_modules), and the console beside it. The folder is emptied first.
 */
const root = resolve(import.meta.dirname, '..');
const FOR_TESTS = /\/(testing|conformance|__snapshots__)\//;
const source = join(root, 'src');
const target = resolve(process.argv[2] ?? join(root, 'dist'));
rmSync(target, { recursive: true, force: true });
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript7/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', target],
  { cwd: root, stdio: 'inherit' },
);
if (result.status !== 0) process.exit(1);
for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  const folder = entry.parentPath.slice(source.length);
  if (!entry.isFile() || /\.tsx?$/.test(entry.name) || FOR_TESTS.test(`${folder}/`)) continue;
  cpSync(join(entry.parentPath, entry.name), join(target, folder, entry.name));
}
await buildConsole(join(target, 'console'));
