import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { languageOf } from '../../../domain/runtimes.ts';
import { HostRig } from '../../../host/host-rig.ts';
import { pidsOfUid } from '../../../host/launch/uid-pool.ts';
import { isReachableByAll } from '../../../host/runtimes/find-python.ts';
import { idsOf } from '../../../host/slot/stray-ipc.ts';
import { FixtureTrees } from '../../conformance/fixture-trees.ts';
import { call, loaded, NEVER, until } from '../../conformance/sandbox-rig.ts';
import { guardDriver } from '../../guard/guarded-driver.ts';
import { ProcessDriver } from './process-driver.ts';

const isRoot = process.getuid?.() === 0;
const rig = new HostRig();
const guard = guardDriver(new ProcessDriver(rig), { onEvent() {} });
const trees = new FixtureTrees();

beforeAll(() => guard.start(NEVER));

afterEach(async () => {
  await Promise.all(guard.live().map((sandbox) => sandbox.destroy('case over')));
});

afterAll(async () => {
  await guard.stop();
  await rig.close();
  await trees.remove();
});

const source = `import fs from 'node:fs';
import { spawn } from 'node:child_process';
export const handler = async (event) => {
  if (event.plant) fs.writeFileSync(event.plant, 'mine', { mode: 0o600 });
  if (event.leave) spawn('/bin/sh', ['-c', 'setsid sleep 300 & setsid sleep 300 &'], { stdio: 'ignore', detached: true }).unref();
  return { uid: process.getuid(), groups: process.getgroups(), cwd: process.cwd(), limits: fs.readFileSync('/proc/self/limits', 'utf8'), oomScore: fs.readFileSync('/proc/self/oom_score_adj', 'utf8') };
};`;

test('a sandbox has a uid and rlimits of its own, no groups, and stdin that is empty', async () => {
  const { sandbox } = await loaded(guard, trees.source({ 'index.mjs': source }), { spec: { labels: rig.labels } });
  const seen = (await call(sandbox, {})).value as { uid: number; groups: number[]; limits: string; oomScore: string };
  expect(seen.limits).toMatch(/Max open files +1024 +1024/);
  expect(seen.limits).toMatch(/Max core file size +0 +0/);
  expect(seen.oomScore).toBe('500\n');
  if (!isRoot) return;
  expect(seen.uid).toBeGreaterThanOrEqual(700_000);
  expect(seen.groups).toEqual([seen.uid]);
  expect(pidsOfUid(seen.uid).length).toBeGreaterThan(0);
});

test.skipIf(!isRoot)(
  'uid reuse is safe: what a sandbox writes to shared folders is its own and gone with its processes (needs root)',
  async () => {
    const { sandbox } = await loaded(guard, trees.source({ 'index.mjs': source }), { spec: { labels: rig.labels } });
    const folders = ['/tmp', '/var/tmp', '/dev/shm'];
    let uid = 0;
    for (const folder of folders) {
      const plant = join(folder, `coldframe-stray-${process.pid}`);
      ({ uid } = (await call(sandbox, { plant, leave: folder === '/tmp' })).value as { uid: number });
      expect(existsSync(plant)).toBe(false);
    }
    await until('the background processes run', () => pidsOfUid(uid).length > 1);
    await sandbox.destroy('done');
    expect(pidsOfUid(uid)).toEqual([]);
    for (const folder of folders) expect(existsSync(join(folder, `coldframe-stray-${process.pid}`))).toBe(false);
  },
);

test.skipIf(!isRoot)('shared memory and semaphores are never the host’s (needs root)', async () => {
  const python = `import ctypes
libc = ctypes.CDLL(None)
def handler(event, context):
    import os
    return {'uid': os.getuid(), 'made': [libc.shmget(0, 4096, 0o1600) >= 0, libc.semget(0, 1, 0o1600) >= 0, libc.msgget(0, 0o1600) >= 0]}`;
  const spec = { labels: rig.labels, runtime: rig.runtimes.ids.find((id) => languageOf(id) === 'python') };
  const { sandbox } = await loaded(guard, trees.source({ 'index.py': python }), { spec });
  const { uid, made } = (await call(sandbox, {})).value as { uid: number; made: boolean[] };
  expect(made).toEqual([true, true, true]);
  const seen = ['shm', 'sem', 'msg'].flatMap((kind) => idsOf(uid, readFileSync(`/proc/sysvipc/${kind}`, 'utf8')));
  expect(seen).toEqual([]);
});

test.skipIf(!isRoot)(
  'an unprivileged server runs both drivers, says what is unenforced, and leaves nothing (needs root)',
  async (context) => {
    if (!(await isReachableByAll(process.execPath)) || !(await isReachableByAll(import.meta.dirname))) {
      context.skip('the clone lies below a private folder');
    }
    const folder = mkdtempSync(join(tmpdir(), 'cfu-'));
    chmodSync(folder, 0o777);
    const src = join(import.meta.dirname, '../../..');
    const program = `
import { HostRig } from '${src}/host/host-rig.ts';
import { ProcessDriver } from '${src}/sandbox/drivers/process/process-driver.ts';
import { BubblewrapDriver } from '${src}/sandbox/drivers/bubblewrap/bubblewrap-driver.ts';
const rig = new HostRig();
const probes = [];
for (const Driver of [ProcessDriver, BubblewrapDriver]) probes.push(await new Driver(rig).probe(AbortSignal.timeout(20000)));
await rig.close();
console.log(JSON.stringify(probes.map(({ state, fix, enforced }) => ({ state, fix, enforced }))));`;
    writeFileSync(join(folder, 'probe.mjs'), program);
    const { stdout, stderr } = spawnSync(
      'setpriv',
      ['--reuid=954321', '--regid=954321', '--clear-groups', process.execPath, join(folder, 'probe.mjs')],
      { env: { TMPDIR: folder }, encoding: 'utf8', timeout: 25_000 },
    );
    const [plain, bubblewrap] = JSON.parse(stdout || `[{"state":${JSON.stringify(stderr)}}]`);
    expect(plain).toMatchObject({ state: 'usable', enforced: { network: false } });
    // Where the kernel lets users make namespaces, what a function writes is bounded; else it is told what that means.
    if (!plain.enforced.disk) expect(plain.fix).toEqual(expect.any(String));
    if (bubblewrap.state === 'usable') expect(bubblewrap.enforced).toMatchObject({ disk: false, network: true });
    else expect(bubblewrap.fix).toEqual(expect.any(String));
    expect(readdirSync(folder)).toEqual(['probe.mjs']);
    expect(pidsOfUid(954_321)).toEqual([]);
    rmSync(folder, { recursive: true });
  },
);
