import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CodeRef } from '../../contract/driver.ts';
import { placeCode } from './code-placement.ts';
import { SlotTree } from './slot-tree.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const soon = () => AbortSignal.timeout(5_000);
const isRoot = process.getuid?.() === 0;
const uid = isRoot ? 912_345 : null;
const mounts = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(runDir));

let runDir: string;
let packageDir: string;
let slots: SlotTree;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'cfs-'));
  packageDir = mkdtempSync(join(tmpdir(), 'cfp-'));
  chmodSync(packageDir, 0o755);
  slots = new SlotTree({ runDir, epoch: 'e5', log });
});

afterEach(async () => {
  await slots.close(soon());
  expect(mounts()).toEqual([]);
  expect(readdirSync(runDir)).toEqual([]);
  rmSync(runDir, { recursive: true });
  rmSync(packageDir, { recursive: true });
});

function packageOf(files: number): CodeRef {
  mkdirSync(join(packageDir, 'lib'), { recursive: true });
  for (let at = 0; at < files - 1; at++)
    writeFileSync(join(packageDir, 'lib', `${at}.js`), String(at), { mode: 0o644 });
  writeFileSync(join(packageDir, 'index.js'), 'main', { mode: 0o644 });
  return { sha256: 'a'.repeat(64), workspaceId: 'w', path: packageDir, fileCount: files };
}

describe.skipIf(process.platform !== 'linux')('a slot (needs Linux)', () => {
  test('takes exactly one connection and then its socket is gone', async () => {
    const slot = await slots.create('one', { uid, view: 'mount' }, soon());
    await slot.listen();
    const client = connect(slot.socketPath);
    const channel = await slot.accept(soon());
    expect(existsSync(slot.socketPath)).toBe(false);
    const second = connect(slot.socketPath);
    expect(
      await new Promise((resolve) => second.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))),
    ).toBe('ENOENT');
    const said = new Promise((resolve) => channel.once('data', (bytes) => resolve(String(bytes))));
    client.write('hello');
    expect(await said).toBe('hello');
    client.destroy();
    channel.destroy();
    await slot.remove(soon());
  });

  test('stops listening when the wait is aborted', async () => {
    const slot = await slots.create('abort', { uid, view: 'mount' }, soon());
    await slot.listen();
    await expect(slot.accept(AbortSignal.timeout(20))).rejects.toThrow();
    expect(existsSync(slot.socketPath)).toBe(false);
    await slot.remove(soon());
    await slot.remove(soon());
  });

  test('reads output while writers come and go', async () => {
    const slot = await slots.create('output', { uid, view: 'mount' }, soon());
    const { stdout, stderr } = slot.openOutput();
    for (const text of ['first', 'second']) {
      const read = new Promise((resolve) => stdout.once('data', (bytes) => resolve(String(bytes))));
      writeFileSync(slot.stdoutPath, text);
      expect(await read).toBe(text);
    }
    expect(stderr.readableEnded).toBe(false);
    await slot.remove(soon());
    expect([stdout.destroyed, stderr.destroyed]).toEqual([true, true]);
  });

  test.skipIf(!isRoot)('can be entered by its own sandbox’s uid alone (needs root)', async () => {
    const slot = await slots.create('private', { uid, view: 'mount' }, soon());
    await slot.deliver(packageOf(2), soon());
    const read = (as: number) =>
      spawnSync('setpriv', [`--reuid=${as}`, `--regid=${as}`, '--clear-groups', 'cat', join(slot.codeDir, 'index.js')]);
    expect(String(read(uid as number).stdout)).toBe('main');
    expect(String(read((uid as number) + 1).stderr)).toContain('Permission denied');
    await slot.remove(soon());
  });

  test('is delivered into once', async () => {
    const slot = await slots.create('once', { uid, view: 'mount' }, soon());
    await slot.deliver(packageOf(3), soon());
    await expect(slot.deliver(packageOf(3), soon())).rejects.toMatchObject({ code: 'sandbox_illegal_state' });
    await slot.remove(soon());
    expect(readFileSync(join(packageDir, 'index.js'), 'utf8')).toBe('main');
  });

  test('gets links where device and permissions allow, so that nothing is copied', async () => {
    const target = mkdtempSync(join(tmpdir(), 'cfl-'));
    await placeCode(packageOf(3), target, { mayLink: true, signal: soon() });
    expect(statSync(join(target, 'index.js')).ino).toBe(statSync(join(packageDir, 'index.js')).ino);
    rmSync(target, { recursive: true });
  });

  test('copies a file that others than its owner may write, or that the sandbox may own', async () => {
    const code = packageOf(2);
    chmodSync(join(packageDir, 'index.js'), 0o666);
    const slot = await slots.create('copies', { uid, view: 'mount' }, soon());
    await slot.deliver(code, soon());
    const own = await slots.create('own', { uid: null, view: 'path' }, soon());
    await own.deliver(code, soon());
    for (const one of [slot, own]) {
      const status = statSync(join(one.codeDir, 'index.js'));
      expect(status.ino).not.toBe(statSync(join(packageDir, 'index.js')).ino);
      expect(status.mode & 0o222).toBe(0);
      await one.remove(soon());
    }
  });

  test.skipIf(!isRoot)(
    'binds many files read-only, and removing it leaves neither mount nor harm to the package (needs root)',
    async () => {
      const slot = await slots.create('bind', { uid, view: 'mount' }, soon());
      await slot.deliver(packageOf(100), soon());
      expect(readdirSync(join(slot.codeDir, 'lib')).length).toBe(99);
      expect(() => writeFileSync(join(slot.codeDir, 'planted'), 'x')).toThrow(/EROFS/);
      await slot.remove(soon());
      expect(existsSync(slot.directory)).toBe(false);
      expect(readdirSync(join(packageDir, 'lib')).length).toBe(99);
    },
  );

  test.skipIf(!isRoot)('has a temp file system bounded in bytes and in files (needs root)', async () => {
    const slot = await slots.create('temp', { uid, view: 'mount', tempMib: 1 }, soon());
    const temp = slot.tempDir as string;
    expect(() => writeFileSync(join(temp, 'big'), Buffer.alloc(2 * 1024 * 1024))).toThrow(/ENOSPC/);
    rmSync(join(temp, 'big'));
    const fill = () => Array.from({ length: 1_000 }, (_, at) => writeFileSync(join(temp, String(at)), ''));
    expect(fill).toThrow(/ENOSPC/);
    await slot.remove(soon());
  });

  test.skipIf(!isRoot)(
    'shows shared trees as files of its own: a lock on one is no other slot’s (needs root)',
    async () => {
      packageOf(3);
      const root = [
        { source: packageDir, at: '/' },
        { source: join(packageDir, 'lib'), at: '/lib' },
      ];
      const [one, other] = await Promise.all(
        ['first', 'second'].map((id) => slots.create(id, { uid, view: 'mount', root }, soon())),
      );
      const [held, free] = [one, other].map((slot) => join(slot?.rootDir ?? '', 'lib', '0.js'));
      const tryToLock = ['flock', '--nonblock', '--conflict-exit-code', '9'];
      const locked = (path = '') => spawnSync('flock', [held ?? '', ...tryToLock, path, 'true']).status;
      expect(readFileSync(free ?? '', 'utf8')).toBe('0');
      expect([locked(held), locked(free), locked(join(packageDir, 'lib', '0.js'))]).toEqual([9, 0, 0]);
      expect(() => writeFileSync(free ?? '', 'x')).toThrow(/EROFS/);
      for (const slot of [one, other]) await slot?.remove(soon());
      expect(readdirSync(join(packageDir, 'lib')).length).toBe(2);
    },
  );

  test('goes without a root of its own where overlays cannot be told of the run directory', async () => {
    const oddDir = mkdtempSync(join(tmpdir(), 'cfs,'));
    const odd = new SlotTree({ runDir: oddDir, epoch: 'e5', log });
    const slot = await odd.create('odd', { uid, view: 'mount', root: [{ source: packageDir, at: '/' }] }, soon());
    expect(slot.rootDir).toBe(null);
    await slot.remove(soon());
    await odd.close(soon());
    rmSync(oddDir, { recursive: true });
  });

  test.skipIf(!isRoot)(
    'I5: what an earlier start left is deleted however deep, long, closed or busy it is (needs root)',
    async () => {
      const older = new SlotTree({ runDir, epoch: 'e4', log });
      const slot = await older.create('left', { uid, view: 'path', tempMib: 8 }, soon());
      // As where no mounts can be made, and a temp file system that somebody still works in.
      const path = await slot.makePrivateDir('private');
      const deep =
        'n=0; name=$(printf "%0200d" 0); while [ $n -lt 40 ]; do mkdir $name && cd -P ./$name || exit 1; n=$((n+1)); done; echo x > file; chmod 0 .';
      const as = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
      expect(spawnSync('setpriv', [...as, 'sh', '-c', deep], { cwd: path }).status).toBe(0);
      const worker = spawn('setpriv', [...as, 'sh', '-c', 'exec sleep 60 > held'], { cwd: slot.tempDir ?? path });
      try {
        expect(await slots.reapOlder(soon())).toBe(1);
        expect(readdirSync(runDir)).not.toContain('e4');
        expect(mounts().filter((line) => line.includes('/e4'))).toEqual([]);
      } finally {
        worker.kill('SIGKILL');
        await new Promise((resolve) => worker.once('exit', resolve));
        slot.close();
      }
    },
  );

  test('I5: older epochs are unmounted and deleted, newer ones stay', async () => {
    const older = new SlotTree({ runDir, epoch: 'e4', log });
    const newer = new SlotTree({ runDir, epoch: 'e6', log });
    const lost = await older.create('lost', { uid, view: 'mount' }, soon());
    await lost.deliver(packageOf(100), soon());
    const kept = await newer.create('kept', { uid, view: 'mount' }, soon());
    expect(await slots.reapOlder(soon())).toBe(1);
    expect([existsSync(lost.directory), existsSync(kept.directory)]).toEqual([false, true]);
    expect(readFileSync(join(packageDir, 'index.js'), 'utf8')).toBe('main');
    await kept.remove(soon());
    await newer.close(soon());
  });

  test('refuses an id whose socket path the kernel would cut, and an id in use', async () => {
    await expect(slots.create('x'.repeat(120), { uid, view: 'mount' }, soon())).rejects.toMatchObject({
      code: 'sandbox_start_failed',
    });
    const slot = await slots.create('same', { uid, view: 'mount' }, soon());
    await expect(slots.create('same', { uid, view: 'mount' }, soon())).rejects.toMatchObject({
      code: 'sandbox_start_failed',
    });
    await slot.remove(soon());
  });
});
