import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Box } from '../../../contract/driver.ts';
import { engineProxy, ScriptedSocket } from '../../../host/docker/engine-rig.ts';
import { hostTraces } from '../../conformance/host-traces.ts';
import { type ContainerKind, DOCKER, GVISOR } from './container-kind.ts';
import { type ContainerRig, type ContainerRigOptions, containerRig, whyNotHere } from './container-rig.ts';

/** The remover's background rounds are seconds apart. */
const SETTLED_MS = 15_000;
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

async function rigOf(kind: ContainerKind, options: ContainerRigOptions = {}): Promise<ContainerRig> {
  const rig = await containerRig({ kind, ...options });
  cleanups.push(async () => {
    await rig.close();
    // Of several starts of one instance the last to close cleans up.
    if (options.instance === undefined) expect(await hostTraces(rig.host.instance)).toEqual([]);
  });
  return rig;
}

/** A rig whose daemon can be cut off; `rule` is asked for every request. */
async function rigBehind(
  kind: ContainerKind,
  rule: (request: string) => 'pass' | 'cut' | 'mute',
): Promise<ContainerRig> {
  const proxy = await engineProxy(rule);
  cleanups.push(() => proxy.close());
  const rig = await rigOf(kind, { socketPath: proxy.path });
  await rig.images.prepareImages({ signal: soon() });
  return rig;
}

async function leftOf(rig: ContainerRig, id: string): Promise<string[]> {
  return [...(await rig.tracesOf(id)), ...(await hostTraces(id))];
}

async function isConnected(box: Box): Promise<boolean> {
  return !box.channel.destroyed && (await Promise.race([box.exited.then(() => false), Promise.resolve(true)]));
}

describe.each([DOCKER, GVISOR])('$name', (kind) => {
  const own = (options: ContainerRigOptions = {}) => rigOf(kind, options);
  const behind = (rule: (request: string) => 'pass' | 'cut' | 'mute') => rigBehind(kind, rule);

  beforeEach(async ({ skip }) => {
    const reason = await whyNotHere(kind);
    if (reason !== null) skip(reason);
  });

  describe('I5: ownership on a shared daemon', () => {
    test('I5: reaping removes what an older start left and touches neither newer starts nor other instances', async () => {
      const other = await own();
      const foreign = await other.driver.create(other.spec(), soon());
      const dead = await own({ epoch: 'e1' });
      const left = await dead.driver.create(dead.spec({ runtime: 'nodejs24' }), soon());
      left.channel.resume();
      const same = { instance: dead.host.instance, runDir: dead.host.runDir };
      const newer = await own({ ...same, epoch: 'e3' });
      const younger = await newer.driver.create(newer.spec(), soon());
      const now = await own({ ...same, epoch: 'e2' });

      expect(await now.driver.reap(soon())).toBe(1);
      expect(await leftOf(dead, left.id)).toEqual([]);
      expect((await left.exited).cause).not.toBe('exit');
      expect(await now.driver.reap(soon())).toBe(0);
      expect(await isConnected(younger)).toBe(true);
      expect(await isConnected(foreign)).toBe(true);
      expect((await other.traces()).length).toBeGreaterThan(0);
      await Promise.all([younger.destroy(soon()), foreign.destroy(soon())]);
    });

    test('stop leaves nothing of this start, and a second stop does nothing', async () => {
      const rig = await own();
      const boxes = await Promise.all([1, 2, 3].map(() => rig.driver.create(rig.spec(), soon())));
      await rig.driver.stop();
      for (const box of boxes) expect(await leftOf(rig, box.id)).toEqual([]);
      await rig.driver.stop();
      await expect(rig.driver.create(rig.spec(), soon())).rejects.toMatchObject({ code: 'sandbox_illegal_state' });
    });
  });

  describe('a daemon that dies', () => {
    for (const [step, pattern] of [
      ['create', /POST .*\/containers\/create/],
      ['start', /POST .*\/start /],
    ] as const) {
      for (const how of ['cut', 'mute'] as const) {
        const when = how === 'cut' ? 'before it acted' : 'after it acted, its answer lost';
        test(`in the middle of ${step}, ${when}: the create is refused and nothing of it is left`, async () => {
          let armed = true;
          const rig = await behind((request) => {
            if (!armed || !pattern.test(request)) return 'pass';
            armed = false;
            return how;
          });
          const spec = rig.spec();
          await expect(rig.driver.create(spec, soon())).rejects.toMatchObject({ code: 'sandbox_start_failed' });
          expect(armed).toBe(false);
          expect(await leftOf(rig, spec.id)).toEqual([]);
          const next = await rig.driver.create(rig.spec(), soon());
          await next.destroy(soon());
        });
      }
    }

    test('and stays away: the host side is clean at once, the container goes when the daemon is back', async () => {
      let away = false;
      const rig = await behind((request) => {
        if (/\/start /.test(request)) away = true;
        return away ? 'cut' : 'pass';
      });
      const spec = rig.spec();
      await expect(rig.driver.create(spec, soon())).rejects.toMatchObject({ code: 'sandbox_start_failed' });
      expect(await hostTraces(spec.id)).toEqual([]);
      expect(await rig.tracesOf(spec.id)).toEqual([expect.stringContaining('container')]);
      away = false;
      await expect.poll(() => rig.tracesOf(spec.id), { timeout: SETTLED_MS, interval: 200 }).toEqual([]);
    });

    test('does not touch boxes that run: they are metered, frozen, killed and known dead without it', async () => {
      let away = false;
      const rig = await behind(() => (away ? 'cut' : 'pass'));
      const box = await rig.driver.create(rig.spec(), soon());
      away = true;
      expect(box.meter().cpuUs).toBeGreaterThan(0);
      box.freeze?.();
      box.thaw?.();
      expect(await isConnected(box)).toBe(true);
      box.kill();
      box.kill();
      expect(await box.exited).toMatchObject({ cause: 'signal', signal: 'SIGKILL' });
      await expect(box.destroy(soon())).rejects.toMatchObject({ code: 'sandbox_start_failed' });
      await expect(rig.driver.create(rig.spec(), soon())).rejects.toMatchObject({ code: 'sandbox_start_failed' });
      away = false;
      await box.destroy(soon());
      await box.destroy(soon());
      expect(await leftOf(rig, box.id)).toEqual([]);
    });
  });

  describe('create', () => {
    test('aborted at any moment leaves nothing', async () => {
      const rig = await own();
      for (const afterMs of [0, 2, 5, 10, 20, 40, 80, 120]) {
        const spec = rig.spec();
        const created = rig.driver.create(spec, AbortSignal.timeout(afterMs));
        const box = await created.catch((error: unknown) => error);
        if (box instanceof Error)
          expect(box).toMatchObject({ code: expect.stringMatching(/start_failed|unavailable/) });
        else await (box as Box).destroy(soon());
        expect(await leftOf(rig, spec.id), `after ${afterMs} ms`).toEqual([]);
      }
    });

    test('of what cannot be had is refused by name, before anything is made', async () => {
      const rig = await own();
      await expect(rig.driver.create(rig.spec({ network: 'egress' }), soon())).rejects.toMatchObject({
        code: 'network_unenforceable',
      });
      await expect(rig.driver.create(rig.spec({ runtime: 'python3.13' }), soon())).rejects.toMatchObject({
        code: 'runtime_unavailable',
      });
      expect(await rig.traces()).toEqual([]);
    });

    test('before the image is there says that it is being prepared', async () => {
      const rig = await own({ socketPath: '/nonexistent/docker.sock' });
      await expect(rig.driver.create(rig.spec(), soon())).rejects.toMatchObject({ code: 'isolation_preparing' });
    });
  });

  describe('probe', () => {
    test('a working daemon is usable, with what it enforces and offers, and the trial leaves nothing', async () => {
      const rig = await own();
      expect(await rig.driver.probe(soon())).toMatchObject({
        state: 'usable',
        runtimes: ['nodejs24', 'python3.11'],
        enforced: { memory: true, cpu: true, pids: true, disk: true, network: true },
      });
      expect((await rig.traces()).filter((trace) => trace.includes('probe'))).toEqual([]);
    });

    test('no socket is absent; a socket nobody listens on is not_running; both name the fix', async () => {
      const absent = await own({ socketPath: '/nonexistent/docker.sock' });
      expect(await absent.driver.probe(soon())).toMatchObject({
        state: 'absent',
        fix: expect.stringContaining('docker'),
      });
      const directory = mkdtempSync(join(tmpdir(), 'cf-probe-'));
      cleanups.push(() => rmSync(directory, { recursive: true }));
      const listener = await new ScriptedSocket(() => {}).listen();
      const stale = join(directory, 'stale.sock');
      linkSync(listener.path, stale);
      await listener.close();
      const stopped = await own({ socketPath: stale });
      expect(await stopped.driver.probe(soon())).toMatchObject({ state: 'not_running', fix: 'systemctl start docker' });
    });

    test('a daemon that hangs is busy after its deadline, and never an exception', async () => {
      const silent = await new ScriptedSocket(() => {}).listen();
      cleanups.push(() => silent.close());
      const rig = await own({ socketPath: silent.path });
      expect(await rig.driver.probe(soon())).toMatchObject({ state: 'busy' });
    });

    test('a daemon without our image is preparing, with the command that makes it', async () => {
      const runtimesDir = mkdtempSync(join(tmpdir(), 'cf-shims-'));
      cleanups.push(() => rmSync(runtimesDir, { recursive: true }));
      writeFileSync(join(runtimesDir, 'shim'), runtimesDir);
      const rig = await own({ runtimesDir });
      expect(await rig.driver.probe(soon())).toMatchObject({
        state: 'preparing',
        progress: 0,
        fix: 'coldframe setup docker',
      });
    });

    test('a daemon that sees other directories than this host is restricted, not usable', async () => {
      let runDir = '';
      const rig = await behind((request) => {
        const [, epoch, id] = /name=coldframe-[0-9a-f]{12}-(e[0-9a-z]+)-(probe-[0-9a-f]+)/.exec(request) ?? [];
        if (!epoch || !id) return 'pass';
        // What the daemon mounts is a directory of that name, but not the one in which we wrote and listen.
        renameSync(join(runDir, epoch, id, 'ch'), join(runDir, epoch, id, 'ours'));
        mkdirSync(join(runDir, epoch, id, 'ch'));
        return 'pass';
      });
      runDir = rig.host.runDir;
      expect(await rig.driver.probe(soon())).toMatchObject({ state: 'restricted', runtimes: [] });
      expect((await rig.traces()).filter((trace) => trace.includes('probe'))).toEqual([]);
    });
  });
});

test('gvisor: an engine that does not know the runtime is absent, with the command that registers it', async ({
  skip,
}) => {
  const reason = await whyNotHere(DOCKER);
  if (reason !== null) skip(reason);
  const rig = await rigOf({ ...GVISOR, ociRuntime: 'registered-nowhere' });
  expect(await rig.driver.probe(soon())).toMatchObject({
    state: 'absent',
    detail: expect.stringContaining('registered-nowhere'),
    fix: expect.stringContaining('runsc install --runtime=coldframe-runsc'),
  });
});
