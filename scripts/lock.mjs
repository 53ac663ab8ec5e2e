// `npm run lock`: writes package-lock.json anew from package.json. Two things plain npm does not promise: no registry's host is
// named, and the builds of optional packages for other platforms stay listed even where a registry mirror lacks them (without
// them `npm ci` refuses the whole file). Such an entry has no integrity; npm fetches it only on its own platform.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'package-lock.json');
const npm = spawnSync(
  'npm',
  ['install', '--package-lock-only', '--omit-lockfile-registry-resolved', '--loglevel=error'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (npm.status !== 0) process.exit(1);

const lock = JSON.parse(readFileSync(path, 'utf8'));
const entries = lock.packages;
for (const [from, entry] of Object.entries(entries)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isReachable(from, name)) continue;
    entries[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    };
  }
}
lock.packages = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);

/** Whether Node's lookup from the package at `from` meets `name`. */
function isReachable(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (entries[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

/** By the names such packages bear: @biomejs/cli-linux-x64-musl, @cloudflare/workerd-windows-64. */
function platformOf(name) {
  const os = /android|darwin|win32|windows|linux|freebsd/.exec(name)?.[0].replace('windows', 'win32');
  const cpu = /arm64|(x64|-64)/.exec(name);
  return {
    ...(os ? { os: [os] } : {}),
    ...(cpu ? { cpu: [cpu[1] ? 'x64' : 'arm64'] } : {}),
    ...(os === 'linux' ? { libc: [name.endsWith('musl') ? 'musl' : 'glibc'] } : {}),
  };
}
