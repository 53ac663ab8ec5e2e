import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, type TestContext, test } from 'vitest';
import { languageOf } from '../../../domain/runtimes.ts';
import { HostRig } from '../../../host/host-rig.ts';
import { FixtureTrees } from '../../conformance/fixture-trees.ts';
import { call, loaded, NEVER, specOf, until } from '../../conformance/sandbox-rig.ts';
import { guardDriver } from '../../guard/guarded-driver.ts';
import { BubblewrapDriver } from './bubblewrap-driver.ts';

const isRequired = (process.env.COLDFRAME_REQUIRE ?? '').split(',').includes('bubblewrap');
const rig = new HostRig();
const driver = new BubblewrapDriver(rig);
const guard = guardDriver(driver, { onEvent() {} });
const trees = new FixtureTrees();
let lacking = '';

beforeAll(async () => {
  const probe = await guard.probe();
  lacking = probe.state === 'usable' ? '' : `${probe.state}: ${probe.detail}`;
  if (lacking === '') await guard.start(NEVER);
});

afterEach(async () => {
  await Promise.all(guard.live().map((sandbox) => sandbox.destroy('case over')));
  expect(rig.uids?.takenCount ?? 0).toBe(0);
});

afterAll(async () => {
  await guard.stop();
  await rig.close();
  await trees.remove();
  expect(existsSync(rig.host.runDir)).toBe(false);
});

function needsBubblewrap(context: TestContext): void {
  if (lacking !== '' && isRequired) throw new Error(`required by COLDFRAME_REQUIRE but: ${lacking}`);
  if (lacking !== '') context.skip(lacking);
}

test('a package of many files appears, read-only, in a sandbox that is already running', async (context) => {
  needsBubblewrap(context);
  const files: Record<string, string> = {
    'index.mjs': `import fs from 'node:fs';
export const handler = async () => {
  let code = 'written';
  try { fs.writeFileSync('/var/task/planted', 'x'); } catch (error) { code = error.code; }
  return { code, count: fs.readdirSync('/var/task').length };
};`,
  };
  for (let at = 0; at < 120; at++) files[`part-${at}.mjs`] = `export default ${at};`;
  const { sandbox } = await loaded(guard, trees.source(files), { spec: { labels: rig.labels } });
  expect((await call(sandbox, {})).value).toEqual({ code: 'EROFS', count: 121 });
});

test('the kernel refuses what the seccomp profile denies, seen from inside', async (context) => {
  needsBubblewrap(context);
  const runtime = rig.runtimes.ids.find((id) => languageOf(id) === 'python');
  if (runtime === undefined || process.arch !== 'x64') context.skip('needs python and x64 system call numbers');
  const source = `import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
def errno_of(number, *arguments):
    ctypes.set_errno(0)
    return 0 if libc.syscall(number, *arguments) >= 0 else ctypes.get_errno()
def handler(event, context):
    sockets = {}
    for name, family in (("unix", 1), ("inet", 2), ("packet", 17), ("alg", 38), ("vsock", 40)):
        sockets[name] = errno_of(41, family, 1, 0)
    calls = {name: errno_of(number, 0, 0, 0, 0, 0) for name, number in event.items()}
    calls["clone_newuser"] = errno_of(56, 0x10000000 | 17, 0, 0, 0, 0)
    return {"sockets": sockets, "calls": calls}
`;
  const { sandbox } = await loaded(guard, trees.source({ 'index.py': source }), {
    spec: { runtime, labels: rig.labels },
  });
  const event = {
    mount: 165,
    unshare: 272,
    setns: 308,
    ptrace: 101,
    bpf: 321,
    keyctl: 250,
    io_uring_setup: 425,
    clone3: 435,
  };
  const { value } = await call(sandbox, event);
  expect(value).toEqual({
    sockets: { unix: 0, inet: 0, packet: 1, alg: 1, vsock: 1 },
    calls: {
      ...{ mount: 1, unshare: 1, setns: 1, ptrace: 1, bpf: 1, keyctl: 1, io_uring_setup: 1, clone3: 38 },
      clone_newuser: 1,
    },
  });
});

test('terminals of a sandbox are bounded, and every family of sockets but ours is refused in pairs too', async (context) => {
  needsBubblewrap(context);
  const runtime = rig.runtimes.ids.find((id) => id.startsWith('python'));
  if (rig.uids === null) context.skip('needs root: without it nothing bounds terminals');
  if (runtime === undefined) context.skip('needs python');
  const source = `import os, socket
def handler(event, context):
    held, ended = [], None
    try:
        for _ in range(200): held.extend(os.openpty())
    except OSError as error:
        ended = error.errno
    try:
        pair = socket.socketpair(40, socket.SOCK_STREAM)
    except OSError as error:
        pair = error.errno
    return {"pairs": len(held) // 2, "errno": ended, "name": os.ttyname(held[1]), "vsock": pair}
`;
  const { sandbox } = await loaded(guard, trees.source({ 'index.py': source }), {
    spec: { runtime, labels: rig.labels },
  });
  const { value } = await call(sandbox, {});
  expect(value).toEqual({ pairs: 64, errno: 28, name: '/dev/pts/0', vsock: 1 });
});

test('the sandbox sees a minimal read-only root, nothing of the host’s files and no network', async (context) => {
  needsBubblewrap(context);
  const source = `import fs from 'node:fs';
import os from 'node:os';
const list = (path) => { try { return fs.readdirSync(path).sort(); } catch (error) { return error.code; } };
const write = (path) => { try { fs.writeFileSync(path, 'x'); return 'written'; } catch (error) { return error.code; } };
export const handler = async () => ({
  root: list('/'), home: list('/home'), hostname: os.hostname(), interfaces: Object.keys(os.networkInterfaces()),
  written: ['/planted', '/etc/passwd', '/dev/planted', '/var/runtime/planted', '/run/coldframe/planted', '/proc/sys/kernel/core_pattern'].map(write),
});`;
  const { sandbox } = await loaded(guard, trees.source({ 'index.mjs': source }), { spec: { labels: rig.labels } });
  const { value } = await call(sandbox, {});
  const seen = value as Record<string, string[]>;
  expect(seen.root).toEqual(['bin', 'dev', 'etc', 'lib', 'lib64', 'opt', 'proc', 'run', 'sbin', 'tmp', 'usr', 'var']);
  expect(seen).toMatchObject({ home: 'ENOENT', hostname: 'sandbox', interfaces: ['lo'] });
  for (const code of seen.written ?? []) expect(code).toMatch(/EROFS|EACCES|EPERM/);
});

test('where overlays cannot be mounted a sandbox starts on the shared files of its runtime', async (context) => {
  needsBubblewrap(context);
  const odd = new HostRig({ runDir: mkdtempSync(join(tmpdir(), 'cfr,')) });
  const oddGuard = guardDriver(new BubblewrapDriver(odd), { onEvent() {} });
  await oddGuard.start(NEVER);
  const source = `import fs from 'node:fs';
export const handler = async () => fs.existsSync('/var/runtime/node');`;
  const { sandbox } = await loaded(oddGuard, trees.source({ 'index.mjs': source }), { spec: { labels: odd.labels } });
  expect((await call(sandbox, {})).value).toBe(true);
  await oddGuard.stop();
  await odd.close();
});

test('egress is refused by name, and an unknown runtime too, with nothing left', async (context) => {
  needsBubblewrap(context);
  const refused = { network: 'egress' as const, labels: rig.labels };
  await expect(driver.create(specOf(refused), NEVER)).rejects.toMatchObject({ code: 'network_unenforceable' });
  const spec = specOf({ runtime: 'python3.13', labels: rig.labels });
  if (!rig.runtimes.ids.includes('python3.13')) {
    await expect(driver.create(spec, NEVER)).rejects.toMatchObject({ code: 'runtime_unavailable' });
    expect(await rig.traces(spec.id)).toEqual([]);
  }
});

test('an aborted create rejects and leaves nothing', async (context) => {
  needsBubblewrap(context);
  for (const afterMs of [0, 5, 15, 30]) {
    const spec = specOf({ labels: rig.labels });
    await expect(driver.create(spec, AbortSignal.timeout(afterMs))).rejects.toThrow();
    await until('no slot', async () => (await rig.traces(spec.id)).length === 0);
  }
});

test('I5: what an earlier start left is reaped with its processes, and another instance’s is not touched', async (context) => {
  needsBubblewrap(context);
  const { instance, runDir } = rig.host;
  const [crashed, stranger] = [new HostRig({ instance, runDir, epoch: 'etest1' }), new HostRig({ epoch: 'etest1' })];
  const boxes = [];
  for (const one of [crashed, stranger]) {
    const old = new BubblewrapDriver(one);
    await old.start(NEVER);
    boxes.push(await old.create(specOf({ labels: one.labels }), NEVER));
  }
  const [lost, kept] = boxes;
  if (crashed.cgroups.availability.available) {
    expect(await driver.reap(AbortSignal.timeout(10_000))).toBe(1);
    expect((await lost?.exited)?.cause).not.toBe('exit');
  } else await lost?.destroy(AbortSignal.timeout(5_000));
  expect(await crashed.traces(lost?.id ?? '')).toEqual([]);
  expect((await stranger.traces(kept?.id ?? '')).length).toBe(1);
  await lost?.destroy(AbortSignal.timeout(5_000));
  await kept?.destroy(AbortSignal.timeout(5_000));
  await stranger.close();
});
