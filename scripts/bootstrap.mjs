// The way in on a fresh clone: built-ins only, runs on Node 18 and later. It installs what package-lock.json names when that
// has not been done yet, finds Node 24 and hands over. `npm start`, `npm test`, `npm run check` and `npm run bench` come here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode24 } from '../bin/find-node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMANDS = {
  start: ['bin/coldframe.mjs', 'up'],
  test: ['scripts/test.ts'],
  check: ['scripts/check.ts'],
  bench: ['bench/run.ts'],
  exec: [],
};

function installIfNeeded() {
  const lockHash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const markerPath = join(root, 'node_modules', '.coldframe-installed');
  if (existsSync(markerPath) && readFileSync(markerPath, 'utf8') === lockHash) return;
  process.stderr.write('Installing dependencies (first run only) ...\n');
  const npm = process.env.npm_execpath;
  const [command, prefix] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const result = spawnSync(command, [...prefix, 'ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write(
      'coldframe: installing failed (see above). Check the network or your npm registry settings and run it again.\n',
    );
    process.exit(1);
  }
  writeFileSync(markerPath, lockHash);
}

const [name, ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) {
  process.stderr.write(`usage: node scripts/bootstrap.mjs ${Object.keys(COMMANDS).join('|')} [arguments]\n`);
  process.exit(2);
}
installIfNeeded();
const node = findNode24(root);
if (!node) {
  process.stderr.write(
    'coldframe: needs Node 24 or later. Install it (https://nodejs.org) so that `node --version` says v24, and run this again.\n',
  );
  process.exit(1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...command, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`coldframe: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
