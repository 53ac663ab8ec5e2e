import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cell } from './cell.ts';
import { whyNoJail } from './jail-probe.ts';

const NEVER = new AbortController().signal;
let directory: string;
let cell: Cell;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cf-cell-'));
  for (const name of ['rootfs', 'package']) writeFileSync(join(directory, name), name);
  mkdirSync(join(directory, 'victim'));
});

afterEach(async () => {
  await cell?.remove(NEVER);
  await cell?.remove(NEVER);
  rmSync(directory, { recursive: true, force: true });
});

async function cellOf(jailerPath: string | null, uid: number | null = null): Promise<Cell> {
  const made = join(directory, 'machine');
  mkdirSync(made);
  cell = await Cell.make({ id: 'vm1', directory: made, uid, binaryPath: '/opt/firecracker-1', jailerPath });
  return cell;
}

describe.each([
  ['without a jail', null],
  ['in a jail', '/opt/jailer'],
])('a cell %s', (_, jailerPath) => {
  test('shows files under names that are the same in every cell', async () => {
    const made = await cellOf(jailerPath);
    expect(await made.show(join(directory, 'rootfs'), 'rootfs', NEVER)).toBe('files/rootfs');
    expect(await made.showLate(join(directory, 'package'), 'swapped')).toBe('files/swapped');
    expect(readFileSync(join(made.directory, 'files/rootfs'), 'utf8')).toBe('rootfs');
    expect(readFileSync(join(made.directory, 'files/swapped'), 'utf8')).toBe('package');
  });

  test('does not follow a link that its monitor has planted', async () => {
    const made = await cellOf(jailerPath);
    renameSync(join(made.directory, 'files'), join(made.directory, 'elsewhere'));
    symlinkSync(join(directory, 'victim'), join(made.directory, 'files'));
    await made.showLate(join(directory, 'package'), 'swapped');
    expect(readdirSync(join(directory, 'victim'))).toEqual([]);
  });

  test('gives out only files its monitor has written, not what a link of its names', async () => {
    const made = await cellOf(jailerPath);
    writeFileSync(join(made.directory, 'state'), 'saved');
    expect(await made.take('state', join(directory, 'state'))).toBe(5);
    expect(statSync(join(directory, 'state')).mode & 0o222).toBe(0);
    symlinkSync(join(directory, 'rootfs'), join(made.directory, 'memory'));
    await expect(made.take('memory', join(directory, 'memory'))).rejects.toMatchObject({ code: 'ELOOP' });
  });
});

/** Plays a monitor that was broken into: it gives one name to a file, to a folder with a link in it and to a link, in turn, without end. */
const SWAPS = `
const { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const [folder, victim] = process.argv.slice(1);
process.chdir(folder);
const tries = (deed) => { try { deed(); } catch {} };
process.stdout.write('swapping');
for (;;) {
  tries(() => writeFileSync('file', 'saved'));
  tries(() => renameSync('file', 'state'));
  tries(() => { mkdirSync('tree'); symlinkSync(victim, 'tree/link'); });
  tries(() => rmSync('state', { recursive: true }));
  tries(() => renameSync('tree', 'state'));
  tries(() => rmSync('state', { recursive: true }));
  tries(() => symlinkSync(victim, 'state'));
  tries(() => rmSync('state', { recursive: true }));
  tries(() => linkSync(victim + '/precious', 'state'));
  tries(() => rmSync('state', { recursive: true }));
}`;
const TAKES = 10_000;
/** Nobody's, on any host; a monitor of a root server never has the server's. */
const MONITOR_UID = 699_999;

test('what a monitor swaps while the host takes it is a whole file of its own, or nothing, and stays nowhere', async () => {
  const uidOfMonitor = process.getuid?.() === 0 ? MONITOR_UID : null;
  const made = await cellOf(null, uidOfMonitor);
  for (const path of [directory, join(directory, 'machine')]) chmodSync(path, 0o755);
  const victim = join(directory, 'victim');
  writeFileSync(join(victim, 'precious'), 'precious', { mode: 0o640 });
  const before = lstatSync(join(victim, 'precious'));
  const monitor = spawn(process.execPath, ['-e', SWAPS, made.directory, victim], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'] },
    ...(uidOfMonitor === null ? {} : { uid: uidOfMonitor, gid: uidOfMonitor }),
  });
  try {
    await once(monitor.stdout, 'data');
    const place = join(directory, 'snapshot');
    let taken = 0;
    for (let n = 0; n < TAKES; n += 1) {
      const bytes = await made.take('state', place).catch(() => null);
      if (bytes === null) expect(lstatSync(place, { throwIfNoEntry: false })).toBeUndefined();
      else {
        taken += 1;
        expect([lstatSync(place).isFile(), readFileSync(place, 'utf8').length]).toEqual([true, bytes]);
        rmSync(place);
      }
    }
    expect(taken).toBeGreaterThan(0);
    const { mode, nlink, uid } = lstatSync(join(victim, 'precious'));
    expect([uid, existsSync(join(victim, 'precious'))]).toEqual([before.uid, true]);
    // A monitor with the server's own uid may change the file by itself, so its link is no trick.
    if (uidOfMonitor !== null) expect(mode).toBe(before.mode);
    expect(nlink).toBeLessThanOrEqual(2);
  } finally {
    monitor.kill('SIGKILL');
    await once(monitor, 'exit');
  }
});

test('the jailer finds its root where it looks for it, and sockets have a short path', async () => {
  const made = await cellOf('/opt/jailer');
  expect(statSync(join(directory, 'machine/firecracker-1/vm1/root')).ino).toBe(statSync(made.directory).ino);
  expect(made.command).toEqual(expect.arrayContaining(['--exec-file', '/opt/firecracker-1', '--chroot-base-dir']));
  expect(made.command).toEqual(expect.arrayContaining(['--resource-limit', 'no-file=1024']));
  expect(made.launchUid).toBeNull();
});

test('there is no jail without a jailer, or without root, and the reason is said', async () => {
  const options = { binaryPath: '/opt/firecracker', directory };
  expect(await whyNoJail({ ...options, jailerPath: null, uid: 700_000 }, NEVER)).toContain('not installed');
  expect(await whyNoJail({ ...options, jailerPath: '/opt/jailer', uid: null }, NEVER)).toContain('root');
});
