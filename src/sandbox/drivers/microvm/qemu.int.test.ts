import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxSpec } from '../../../contract/driver.ts';
import { runTool } from '../../../host/run-tool.ts';
import { GUEST_FILES, type GuestImage, GuestImages } from '../../../images/guest/guest-images.ts';
import { testGuestImages } from '../../../images/guest/testing/guest-rig.ts';
import { QemuVmm } from '../../../microvm/qemu/qemu-vmm.ts';
import { FixtureTrees } from '../../conformance/fixture-trees.ts';
import { hostTraces, processes } from '../../conformance/host-traces.ts';
import { call, loaded, NEVER, specOf, until } from '../../conformance/sandbox-rig.ts';
import { guardDriver } from '../../guard/guarded-driver.ts';
import { type MicrovmRig, microvmRig } from './testing/microvm-rig.ts';
import { whyNoMachines } from './testing/monitors.ts';

const reason = await whyNoMachines('qemu');
const isRoot = process.getuid?.() === 0;
const SETTLED_MS = 20_000;
/** Longer than the wait for another file that builds the guest image, so that the wait says why it ended. */
const IMAGE_TIMEOUT_MS = 2 * 300_000;
/** Of processor time, in hundredths of a second. */
const SPINNING_TICKS = 30;

describe.skipIf(reason !== null)('microVMs under QEMU (needs qemu)', () => {
  let rig: MicrovmRig;
  const trees = new FixtureTrees();
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    rig = await microvmRig(new QemuVmm());
    await rig.driver.start(NEVER);
  }, IMAGE_TIMEOUT_MS);

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  afterAll(async () => {
    await rig.driver.stop();
    await trees.remove();
    await rig.close();
  }, 60_000);

  const spec = (overrides: Partial<SandboxSpec> = {}) => specOf({ labels: rig.host.labels, ...overrides });
  const leftOf = async (id: string) => [...(await hostTraces(id)), ...(await rig.host.traces(id))];

  /** A rig of its own whose staged image is `change`d. */
  async function rigWith(change: (image: GuestImage) => Promise<GuestImage>): Promise<MicrovmRig> {
    const images = await testGuestImages();
    const changed = new GuestImages(images.about);
    changed.stage = async (directory, signal) => change(await images.stage(directory, signal));
    const own = await microvmRig(new QemuVmm(), { images: changed });
    cleanups.push(async () => {
      await own.driver.stop();
      await own.close();
    });
    await own.driver.start(NEVER);
    return own;
  }

  test('a monitor that dies under a call is an honest death of the sandbox, and nothing of it is left', async () => {
    const guard = guardDriver(rig.driver, { onEvent() {} });
    await guard.start(NEVER);
    const { sandbox } = await loaded(guard, trees.fixture('spins'), { spec: { labels: rig.host.labels } });
    const calling = call(sandbox, {}, { timeoutMs: 30_000 });
    const [monitor] = processes().filter(({ cmdline }) => cmdline.includes(`guest=${sandbox.id} `));
    // Only a guest that has read the call spins.
    const before = cpuTicks(monitor!.pid);
    await until('the function spins', () => cpuTicks(monitor!.pid) > before + SPINNING_TICKS, SETTLED_MS);
    process.kill(monitor!.pid, 'SIGKILL');
    const { reply } = await calling;
    expect(reply).toMatchObject({ kind: 'died', dispatched: true, exit: { cause: 'lost' } });
    expect(sandbox.alive).toBe(false);
    await sandbox.destroy('test');
    expect(await leftOf(sandbox.id)).toEqual([]);
  }, 120_000);

  test('variables that only work at boot are there at boot, in a machine that no snapshot was taken of', async () => {
    const guard = guardDriver(rig.driver, { onEvent() {} });
    await guard.start(NEVER);
    const own = { labels: rig.host.labels, runtime: 'python3.11' as const, bootEnv: { PYTHONHASHSEED: '7' } };
    const source =
      'import sys\ndef handler(event, context):\n    return hash("coldframe") & 0xFFFF, sys.flags.hash_randomization';
    const { sandbox, load } = await loaded(guard, trees.source({ 'index.py': source }), { spec: own });
    expect(load.kind).toBe('loaded');
    const { value } = await call(sandbox, {}, { timeoutMs: 10_000 });
    const again = await loaded(guard, trees.source({ 'index.py': source }), { spec: own });
    expect((await call(again.sandbox, {}, { timeoutMs: 10_000 })).value).toEqual(value);
    await Promise.all([sandbox.destroy('test'), again.sandbox.destroy('test')]);
  }, 120_000);

  test('egress is refused by name', async () => {
    const refused = rig.driver.create(spec({ network: 'egress' }), NEVER);
    await expect(refused).rejects.toMatchObject({ code: 'network_unenforceable' });
  });

  test('a function with a twentieth of a processor starts: what it has been given is not what its snapshot is made with', async () => {
    const guard = guardDriver(rig.driver, { onEvent() {} });
    await guard.start(NEVER);
    const little = { labels: rig.host.labels, cpus: 0.05 };
    const sandbox = await guard.create(spec(little), NEVER);
    expect(sandbox.alive).toBe(true);
    await sandbox.destroy('test');
    expect(await leftOf(sandbox.id)).toEqual([]);
  }, 120_000);

  test('a root file system that is none ends the start with what the guest said, and leaves nothing', async () => {
    const broken = await rigWith(async (image) => {
      const rootfsPath = join(image.rootfsPath, '..', 'noise');
      await writeFile(rootfsPath, Buffer.alloc(1024 * 1024, 7), { mode: 0o444 });
      return { ...image, rootfsPath };
    });
    const one = specOf({ labels: broken.host.labels });
    const failed = broken.driver.create(one, AbortSignal.timeout(60_000));
    await expect(failed).rejects.toMatchObject({
      code: 'sandbox_start_failed',
      message: expect.stringContaining('the root drive cannot be mounted'),
    });
    expect(await readdir(join(broken.host.slots.epochDir, '.snapshots-qemu'))).toEqual([]);
    for (const id of [one.id, 'template-qemu']) {
      expect(processes().filter(({ cmdline }) => cmdline.includes(`${broken.host.host.runDir}/`))).toEqual([]);
      expect(await broken.host.traces(id)).toEqual([]);
    }
  }, 120_000);

  test('an image that has changed since it was made is found damaged and named, and is never booted', async () => {
    const whole = await testGuestImages();
    const dataDir = join(rig.host.host.runDir, 'damaged');
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
    const damaged = whole.below(dataDir);
    const found = await whole.find(NEVER);
    if (found.state !== 'whole') throw new Error(found.detail);
    const from = join(found.image.kernelPath, '..');
    const to = join(damaged.directory, found.image.digest.slice('sha256:'.length, 'sha256:'.length + 32));
    await mkdir(to, { recursive: true });
    for (const file of [...GUEST_FILES, 'manifest.json']) await copyFile(join(from, file), join(to, file));
    await copyFile(join(whole.directory, 'current'), join(damaged.directory, 'current'));
    for (const file of ['kernel', 'rootfs'] as const) {
      await chmod(join(to, file), 0o600);
      const handle = await open(join(to, file), 'r+');
      const { buffer: kept } = await handle.read(Buffer.alloc(16), 0, 16, 1_000_000);
      await handle.write(Buffer.alloc(16, 0xee), 0, 16, 1_000_000);
      await handle.close();
      expect(await damaged.find(NEVER)).toMatchObject({ state: 'damaged', detail: expect.stringContaining(file) });
      await expect(damaged.stage(dataDir, NEVER)).rejects.toMatchObject({ code: 'isolation_unavailable' });
      const mended = await open(join(to, file), 'r+');
      await mended.write(kept, 0, 16, 1_000_000);
      await mended.close();
    }
    expect((await damaged.find(NEVER)).state).toBe('whole');
  }, 120_000);

  test.skipIf(!isRoot)(
    'a full disk while a snapshot is written is storage_full, and nothing stays (needs root)',
    async () => {
      const small = await microvmRig(new QemuVmm());
      cleanups.push(async () => {
        await small.driver.stop();
        await small.close();
      });
      await small.driver.start(NEVER);
      const directory = join(small.host.slots.epochDir, '.snapshots-qemu');
      await mkdir(directory, { recursive: true });
      await runTool('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=711', 'tmpfs', directory], AbortSignal.timeout(5_000));
      cleanups.push(() => runTool('umount', ['-l', directory], AbortSignal.timeout(5_000)));
      const one = specOf({ labels: small.host.labels });
      await expect(small.driver.create(one, AbortSignal.timeout(90_000))).rejects.toMatchObject({
        code: 'storage_full',
      });
      expect(await readdir(directory)).toEqual([]);
      expect(await small.host.traces(one.id)).toEqual([]);
    },
    120_000,
  );

  test('what a server leaves that was killed is gone after the next one has reaped', async () => {
    const box = await rig.driver.create(spec(), NEVER);
    const { instance, runDir } = rig.host.host;
    const next = await microvmRig(new QemuVmm(), { host: { instance, runDir, epoch: 'etest3' } });
    expect(await next.driver.reap(AbortSignal.timeout(SETTLED_MS))).toBeGreaterThan(0);
    await box.exited;
    await until('nothing is left', async () => (await hostTraces(box.id)).length === 0, SETTLED_MS);
    expect(await rig.host.traces(box.id)).toEqual([]);
    await next.driver.stop();
  }, 120_000);
});

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
