// Finds a Node 24 or later: this one, the one that came as an optional platform package, or one on the PATH. Built-ins
// only, Node 18 syntax. Returns an absolute path, or null when there is none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const MAJOR_MIN = 24;
const PROBE_TIMEOUT_MS = 5_000;

export function findNode24(root) {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR_MIN) return process.execPath;
  const packaged = fromPlatformPackage(root);
  if (packaged) return packaged;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, 'node');
    if (existsSync(candidate) && majorOf(candidate) >= MAJOR_MIN) return candidate;
  }
  return null;
}

function fromPlatformPackage(root) {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    );
    const candidate = join(dirname(manifest), 'bin', 'node');
    return existsSync(candidate) && majorOf(candidate) >= MAJOR_MIN ? candidate : null;
  } catch {
    return null;
  }
}

function majorOf(path) {
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
  return result.status === 0 ? Number(/^v(\d+)\./.exec(result.stdout)?.[1] ?? 0) : 0;
}
