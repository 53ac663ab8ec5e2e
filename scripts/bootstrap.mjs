// The way in on a fresh clone: built-ins only, runs on Node 18 and later. It installs what package-lock.json names when that
// has not been done yet, finds Node 24 and hands over. The scripts of package.json come here.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInPlace, runOnNode24 } from '../bin/run-on-node24.mjs';
import { countPackages, showProgress } from './install-progress.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const SIGNAL_EXIT_MIN = 129;
const COMMANDS = {
  start: ['scripts/start.ts', 'up'],
  test: ['scripts/test.ts'],
  check: ['scripts/check.ts'],
  bench: ['bench/run.ts'],
  exec: [],
};

const [name, ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) {
  process.stderr.write(`usage: node scripts/bootstrap.mjs ${Object.keys(COMMANDS).join('|')} [arguments]\n`);
  process.exit(2);
}
await installIfNeeded();
runOnNode24(root, [...command, ...rest], { cwd: root });

/** A marker in node_modules says for which lock file and platform it was filled; npm's words are shown when it fails only. */
async function installIfNeeded() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = `${process.platform}-${process.arch} ${createHash('sha256').update(lock).digest('hex')}\n`;
  const markerPath = join(root, 'node_modules', '.coldframe-installed');
  const isFirst = !existsSync(markerPath);
  if (!isFirst && readFileSync(markerPath, 'utf8') === wanted) return;
  process.stderr.write(
    isFirst
      ? 'Installing dependencies (once; a minute or so) ...\n'
      : 'Dependencies changed; installing them again ...\n',
  );
  const startedAtMs = Date.now();
  const total = Object.keys(JSON.parse(lock.toString('utf8')).packages ?? {}).length;
  const stopProgress = showProgress(process.stderr, () => ({
    installed: countPackages(join(root, 'node_modules')),
    total,
  }));
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-install-'));
  const output = openSync(join(folder, 'npm.log'), 'w');
  const npm = process.env.npm_execpath;
  const [program, prefix] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // `ci` begins by deleting everything, which would pull the ground from under a server that runs from this folder.
  const verb = isFirst ? ['ci'] : ['install', '--no-save'];
  // A production NODE_ENV or an `omit` in the user's settings would leave half of it out.
  const args = [...prefix, ...verb, '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error'];
  const code = await runInPlace(program, args, { cwd: root, stdio: ['ignore', output, output] });
  stopProgress();
  closeSync(output);
  const text = readFileSync(join(folder, 'npm.log'), 'utf8');
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) {
    if (code < SIGNAL_EXIT_MIN) process.stderr.write(`${text}\n${adviceFor(text)}\n`);
    process.exit(code < SIGNAL_EXIT_MIN ? 1 : code);
  }
  writeFileSync(markerPath, wanted);
  process.stderr.write(`Installed in ${Math.round((Date.now() - startedAtMs) / 1000)} s.\n`);
}

function adviceFor(text) {
  if (/code EUSAGE/.test(text))
    return 'coldframe: package-lock.json is out of step with package.json; run `npm run lock`.';
  if (/code (EACCES|EPERM|EROFS)/.test(text))
    return 'coldframe: this folder or npm’s cache cannot be written; see above.';
  if (/code ENOSPC/.test(text)) return 'coldframe: the disk is full.';
  return 'coldframe: installing failed (see above). Check the network and your npm registry settings, then run it again.';
}
