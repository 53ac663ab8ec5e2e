import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { isOlder } from '../epoch.ts';
import { pause } from '../pause.ts';
import { CgroupTree } from './cgroup.ts';
import { type CgroupLayout, findCgroupLayout } from './cgroup-layout.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const limits = { memoryMib: 64, cpus: 0.5, pidsMax: 20 };
const soon = () => AbortSignal.timeout(5_000);
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const host = isRoot ? findCgroupLayout() : null;
const v2 = '/sys/fs/cgroup/unified';
const layouts: [string, CgroupLayout][] = host === null ? [] : [[`this host's v${host.version}`, host]];
if (host?.version === 1 && existsSync(v2))
  layouts.push(['v2 without controllers', { version: 2, base: v2, prefix: '' }]);

let instances = 0;
const trees: CgroupTree[] = [];
function tree(layout: CgroupLayout, epoch: string, instance = `test${process.pid}${instances++}`): CgroupTree {
  const made = new CgroupTree({ instance, epoch, log, layout });
  trees.push(made);
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = soon();
  while (!holds()) await pause(5, deadline);
}

function sleeperIn(group: SandboxCgroup) {
  const child = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60'], { stdio: 'ignore' });
  group.join(child.pid as number);
  const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  return { child, ended };
}

afterEach(async () => {
  for (const made of trees.splice(0)) await made.close();
});

describe.skipIf(layouts.length === 0)('sandbox cgroups (needs root and a writable cgroup)', () => {
  describe.each(layouts)('on %s', (_, layout) => {
    test('kill ends every process in it, frozen ones too, and remove leaves no directory', async () => {
      const group = tree(layout, 'e1').create('kill', limits) as SandboxCgroup;
      const { ended } = sleeperIn(group);
      group.freeze();
      group.kill();
      expect(await ended).toBe('SIGKILL');
      await group.remove(soon());
      await group.remove(soon());
      expect(group.paths.filter((path) => existsSync(path))).toEqual([]);
    });

    test('remove waits for the last process and rejects, leaving it listed, when one stays', async () => {
      const group = tree(layout, 'e1').create('busy', limits) as SandboxCgroup;
      const { ended } = sleeperIn(group);
      await expect(group.remove(AbortSignal.timeout(50))).rejects.toThrow();
      expect(group.isEmpty()).toBe(false);
      group.kill();
      await ended;
      await group.remove(soon());
    });

    test('a frozen process does nothing until it is thawed', async () => {
      const group = tree(layout, 'e1').create('freeze', limits) as SandboxCgroup;
      const child = spawn('/bin/sh', ['-c', 'while :; do echo x; sleep 0.01; done'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      group.join(child.pid as number);
      let lines = 0;
      child.stdout.on('data', () => lines++);
      await until(() => lines > 2);
      group.freeze();
      await pause(30, soon());
      const frozenAt = lines;
      await pause(100, soon());
      expect(lines).toBe(frozenAt);
      group.thaw();
      await until(() => lines > frozenAt);
      group.kill();
      await new Promise((resolve) => child.once('close', resolve));
      await group.remove(soon());
    });

    test('I5: older epochs of this instance are reaped with what runs in them; its own and other instances stay', async () => {
      const [old, current, stranger] = [
        tree(layout, 'e1', 'mine'),
        tree(layout, 'e2', 'mine'),
        tree(layout, 'e1', 'other'),
      ];
      const groups = [old, current, stranger].map((one) => one.create('box', limits) as SandboxCgroup);
      const sleepers = groups.map(sleeperIn);
      expect(await current.reapOlder(soon())).toBe(1);
      expect(await sleepers[0]?.ended).toBe('SIGKILL');
      expect(groups.map((group) => existsSync(group.paths[0] as string))).toEqual([false, true, true]);
      expect(await current.reapOlder(soon())).toBe(0);
      for (const group of groups) group.kill();
      await Promise.all(sleepers.map(({ ended }) => ended));
      for (const group of groups) await group.remove(soon());
    });

    test('a name in use is refused and nothing is left of the attempt', async () => {
      const made = tree(layout, 'e1');
      const group = made.create('twice', limits) as SandboxCgroup;
      expect(() => made.create('twice', limits)).toThrowError(
        expect.objectContaining({ code: 'sandbox_start_failed' }),
      );
      await group.remove(soon()).catch(() => undefined);
    });
  });

  test('a group whose processes stay below the limit has no hits; one killed for memory has', async () => {
    const group = tree(host as CgroupLayout, 'e1').create('limit', limits) as SandboxCgroup;
    const code =
      'const kept = []; for (let n = 0; n < 100 && process.argv[1]; n++) kept.push(Buffer.alloc(8388608, 1));';
    for (const [argument, isHit] of [
      ['', false],
      ['allocate', true],
    ] as const) {
      const go = 'read go; exec "$0" "$@"';
      const child = spawn('/bin/sh', ['-c', go, process.execPath, '--eval', code, argument], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      group.join(child.pid as number);
      child.stdin.end('\n');
      await ended;
      expect(group.limitHits() > 0).toBe(isHit);
    }
    await group.remove(soon());
  });

  test('meters count processor time and memory, and a reset starts a new peak', async () => {
    const group = tree(findCgroupLayout(), 'e1').create('meter', limits) as SandboxCgroup;
    const child = spawn('/bin/sh', [
      '-c',
      'echo 0 > "$1/cgroup.procs"; x=$(seq 1 20000); while :; do :; done',
      'x',
      ...group.paths,
    ]);
    group.join(child.pid as number);
    await until(() => (group.meter().cpuUs ?? 0) > 20_000);
    expect(group.meter()).toMatchObject({ source: expect.stringMatching(/^cgroup[12]$/) });
    expect(group.meter().peakBytes).toBeGreaterThan(0);
    expect(group.enforced).toEqual({ memory: true, cpu: true, pids: true });
    group.resetPeak();
    group.kill();
    await new Promise((resolve) => child.once('exit', resolve));
    await group.remove(soon());
    expect(group.meter()).toMatchObject({ cpuUs: null, peakBytes: null });
  });
});

test('an unwritable hierarchy is told, with a fix, and create answers null', () => {
  const made = new CgroupTree({
    instance: 'x',
    epoch: 'e1',
    log,
    layout: { version: 2, base: '/proc/none', prefix: '' },
  });
  expect(made.prepare()).toMatchObject({ available: false, fix: expect.stringContaining('Delegate') });
  expect(made.create('box', limits)).toBeNull();
});

test('epochs compare by age, not by text alone', () => {
  expect(isOlder('ezz', 'e100')).toBe(true);
  expect(isOlder('e100', 'ezz')).toBe(false);
  expect(isOlder('e100', 'e101')).toBe(true);
  expect(isOlder('e101', 'e101')).toBe(false);
});

test('layouts are read from mountinfo: hybrid hosts count as v1', () => {
  const v1Line = '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
  const v2Line = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw';
  expect(findCgroupLayout(`${v1Line}\n${v2Line}`)).toEqual({
    version: 1,
    controllers: { memory: '/sys/fs/cgroup/memory' },
  });
  expect(findCgroupLayout(v2Line)).toEqual({ version: 2, base: '/sys/fs/cgroup/unified', prefix: '' });
});
