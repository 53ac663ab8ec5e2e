import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeOwned, removeTree } from './remove-tree.ts';

const soon = () => AbortSignal.timeout(60_000);
const isRoot = process.getuid?.() === 0;
let root: string;
let hostile: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cfd-'));
  chmodSync(root, 0o755);
  hostile = join(root, 'hostile');
  mkdirSync(hostile);
});

afterEach(() => {
  spawnSync('rm', ['-rf', root]);
  rmSync(root, { recursive: true, force: true });
});

function shell(script: string): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-c', script], { cwd: hostile, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

/** Longer than any path may be, deeper than descriptors last, with modes and names that stop the simple ways. */
const SHAPES = {
  'forty nested folders of 200 characters':
    'n=0; name=$(printf "%0200d" 0); while [ $n -lt 40 ]; do mkdir $name && cd -P ./$name || exit 1; n=$((n+1)); done; echo x > file',
  'six hundred nested folders':
    'n=0; while [ $n -lt 600 ]; do mkdir d && cd -P ./d || exit 1; echo x > f; n=$((n+1)); done',
  'folders without any permission': 'mkdir -p a/b/c && echo x > a/b/c/f && chmod 0 a/b/c a/b a',
  'a deep tree without any permission':
    'n=0; while [ $n -lt 60 ]; do mkdir d && cd -P ./d || exit 1; n=$((n+1)); done; while [ $n -gt 0 ]; do cd -P .. && chmod 0 d || exit 1; n=$((n-1)); done',
  'names that are no text':
    'mkdir "$(printf "\\377\\376")" && echo x > "$(printf "\\377\\376/\\300")" && echo x > "$(printf "a\\nb")"',
  'sockets, fifos and dangling links': 'mkfifo pipe && ln -s /nowhere dangling && ln -s . loop',
};

describe.skipIf(process.platform !== 'linux')('removing what a sandbox made (needs Linux)', () => {
  test.each(Object.entries(SHAPES))('%s are removed', async (_, script) => {
    shell(script);
    await removeTree(hostile, soon());
    expect(readdirSync(root)).toEqual([]);
  });

  test('what links point at stays, be they files, folders or the tree itself', async () => {
    const precious = join(root, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'file'), 'x');
    symlinkSync(precious, join(hostile, 'to-folder'));
    symlinkSync(join(precious, 'file'), join(hostile, 'to-file'));
    symlinkSync(hostile, join(root, 'link'));
    await removeTree(join(root, 'link'), soon());
    expect(existsSync(hostile)).toBe(true);
    await removeTree(hostile, soon());
    expect(readdirSync(root)).toEqual(['precious']);
    expect(readdirSync(precious)).toEqual(['file']);
  });

  test('what is not there is removed already', async () => {
    await removeTree(join(root, 'never'), soon());
    await removeTree(join(root, 'never', 'ever'), soon());
  });

  test('folders that are swapped for links all the while lead nowhere', async () => {
    const precious = join(root, 'precious');
    mkdirSync(precious);
    const kept = Array.from({ length: 200 }, (_, at) => `keep-${at}`);
    for (const name of kept) writeFileSync(join(precious, name), 'x');
    const swapper = spawn(
      process.execPath,
      [
        '-e',
        `const fs = require('node:fs');
const [precious, hostile] = process.argv.slice(1);
process.chdir(hostile);
for (;;) for (const at of [0, 1, 2, 3]) {
  const name = 'd' + at;
  try { fs.mkdirSync(name); for (let n = 0; n < 40; n++) fs.writeFileSync(name + '/keep-' + n, ''); } catch {}
  try { fs.renameSync(name, name + '-' + Math.random()); } catch {}
  try { fs.symlinkSync(precious, name); } catch {}
  try { fs.unlinkSync(name); } catch {}
}`,
        precious,
        hostile,
      ],
      { stdio: 'ignore' },
    );
    try {
      for (let turn = 0; turn < 40; turn++) await removeTree(join(hostile), soon()).catch(() => undefined);
    } finally {
      swapper.kill('SIGKILL');
      await new Promise((resolve) => swapper.once('exit', resolve));
    }
    expect(readdirSync(precious)).toHaveLength(kept.length);
    await removeTree(hostile, soon());
    expect(readdirSync(root)).toEqual(['precious']);
  });

  test('many files are removed while the serving thread goes on, and another removal is not behind them', async () => {
    shell('seq 20000 | sed s/^/file-/ | xargs touch');
    const other = join(root, 'other');
    mkdirSync(other);
    const order: string[] = [];
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await Promise.all([
      removeTree(hostile, soon()).then(() => order.push('many')),
      removeTree(other, soon()).then(() => order.push('few')),
    ]);
    clearInterval(counting);
    expect(order).toEqual(['few', 'many']);
    expect(turns).toBeGreaterThan(0);
    expect(readdirSync(root)).toEqual([]);
  });

  test.skipIf(!isRoot)('another file system in the tree is left alone, and said (needs root)', async () => {
    const mounted = join(hostile, 'mounted');
    mkdirSync(mounted);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'coldframe', mounted]).status).toBe(0);
    try {
      writeFileSync(join(mounted, 'file'), 'x');
      await expect(removeTree(hostile, soon())).rejects.toThrow(/mounted \(EXDEV\)/);
      expect(readdirSync(mounted)).toEqual(['file']);
    } finally {
      spawnSync('umount', [mounted]);
    }
    await removeTree(hostile, soon());
  });

  test.skipIf(!isRoot)('of a shared folder only what that uid owns goes (needs root)', async () => {
    const uid = 912_346;
    chmodSync(hostile, 0o1777);
    writeFileSync(join(hostile, 'ours'), 'x');
    const made = spawnSync(
      'setpriv',
      [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'sh', '-c', 'mkdir -p d/e && ln -s / d/root && echo > f'],
      { cwd: hostile },
    );
    expect(made.status).toBe(0);
    await removeOwned(hostile, uid, soon());
    expect(readdirSync(hostile)).toEqual(['ours']);
  });
});
