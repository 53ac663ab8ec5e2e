import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processes } from '../../sandbox/conformance/host-traces.ts';
import { until } from '../../sandbox/conformance/sandbox-rig.ts';
import type { Machine, Vm, VmSnapshot } from '../vmm.ts';
import { FirecrackerVmm } from './firecracker-vmm.ts';
import { whyNoDescription } from './testing/api-description.ts';
import { FakeProgram, type FakeScript } from './testing/fake-program.ts';
import type { Fault } from './testing/firecracker-peer.ts';

const NEVER = new AbortController().signal;
const reason = whyNoDescription();
const described = describe.skipIf(reason !== null);
const title = (name: string) => (reason === null ? name : `${name} (${reason})`);

let directory: string;
let machines = 0;
const vms: Vm[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cf-vmm-'));
  for (const name of ['kernel', 'initramfs', 'rootfs', 'empty', 'package']) writeFileSync(join(directory, name), name);
});

afterEach(async () => {
  for (const vm of vms.splice(0)) {
    vm.kill();
    await vm.exited;
    await vm.remove(NEVER);
  }
  rmSync(directory, { recursive: true, force: true });
});

function vmmThat(script: FakeScript = {}): { vmm: FirecrackerVmm; program: FakeProgram } {
  const program = new FakeProgram(directory, script);
  const paths = { binaryPath: program.path, jailerPath: '/nonexistent/jailer', runDir: directory };
  return { program, vmm: new FirecrackerVmm({ ...paths, probeUid: null }) };
}

function machineOf(overrides: Partial<Machine> = {}): Machine {
  const id = `m${machines++}`;
  mkdirSync(join(directory, id));
  const file = (name: string) => join(directory, name);
  return {
    ...{ id, directory: file(id), uid: null, cgroup: null, network: null },
    ...{ kernelPath: file('kernel'), initramfsPath: file('initramfs'), kernelArguments: 'quiet panic=-1' },
    ...{ rootfsPath: file('rootfs'), codePath: file('empty'), memoryMib: 128, cpus: 0.5 },
    ...overrides,
  };
}

function kept(vm: Vm): Vm {
  vms.push(vm);
  return vm;
}

/** Nothing runs with that machine's id, and nobody listens for its guest. */
async function expectNothingOf(machine: Machine): Promise<void> {
  await until(
    'no process of it is left',
    () => !processes().some((one) => one.cmdline.includes(`--id ${machine.id} `)),
  );
  for (const port of [1001, 1002, 1003, 1004])
    expect(existsSync(join(machine.directory, 'j', `v_${port}`))).toBe(false);
}

async function firstWords(stream: Readable): Promise<string> {
  const data = once(stream, 'data') as Promise<[Buffer]>;
  stream.resume();
  const [chunk] = await data;
  return chunk.toString();
}

async function snapshotOf(vm: Vm): Promise<VmSnapshot> {
  mkdirSync(join(directory, 'snapshot'));
  return await vm.snapshot(join(directory, 'snapshot'), NEVER);
}

describe('a Firecracker that is not there', () => {
  test('is absent, with what to install', async () => {
    const paths = { binaryPath: join(directory, 'nothing'), jailerPath: null, runDir: directory, probeUid: null };
    const found = await new FirecrackerVmm(paths).inspect(NEVER);
    expect(found).toMatchObject({ state: 'absent', fix: expect.stringContaining('COLDFRAME_FIRECRACKER') });
    const boot = new FirecrackerVmm(paths).boot(machineOf(), NEVER);
    await expect(boot).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  });

  test.each([
    ['Firecracker v1.7.0', 'too old'],
    ['QEMU emulator version 7.2', 'does not answer with a version'],
  ])('%s is not taken for it', async (version, words) => {
    const { vmm } = vmmThat({ version });
    expect(await vmm.inspect(NEVER)).toMatchObject({ state: 'absent', detail: expect.stringContaining(words) });
  });

  test('a file that may not be executed is told apart', async () => {
    const binaryPath = join(directory, 'kernel');
    const vmm = new FirecrackerVmm({ binaryPath, jailerPath: null, runDir: directory, probeUid: null });
    expect(await vmm.inspect(NEVER)).toMatchObject({ state: 'no_permission' });
  });
});

described(title('a machine'), () => {
  test('is configured as described, runs, and its guest reaches all four ports', async () => {
    const { vmm, program } = vmmThat();
    const machine = machineOf();
    const vm = kept(await vmm.boot(machine, NEVER));
    const streams = await vm.connect(NEVER);
    for (const name of ['control', 'channel', 'stdout', 'stderr'] as const) {
      expect(await firstWords(streams[name])).toBe(name);
      streams[name].destroy();
    }
    expect(program.violations).toEqual([]);
    const bodies = Object.fromEntries(program.calls.map(({ method, path, body }) => [`${method} ${path}`, body]));
    expect(bodies['PUT /machine-config']).toMatchObject({ vcpu_count: 1, mem_size_mib: 128 });
    expect(bodies['PUT /boot-source']).toMatchObject({
      boot_args: expect.stringMatching(/^quiet panic=-1 .*reboot=k/),
    });
    expect(bodies['PUT /drives/rootfs']).toMatchObject({ is_read_only: true });
    expect(bodies['PUT /drives/code']).toMatchObject({ is_read_only: true });
    expect(vm.lastWords()).toContain('a console line of the guest');
    vm.kill();
    expect(await vm.exited).toMatchObject({ cause: 'destroyed' });
    await vm.remove(NEVER);
    await vm.remove(NEVER);
    await expectNothingOf(machine);
  });

  // Any namespace does, and so the one we are in: only root may enter even that.
  test.skipIf(process.getuid?.() !== 0)(
    'with a network has its card on a tap that every clone finds under the same name (needs root)',
    async () => {
      const { vmm, program } = vmmThat();
      const network = { tap: 'tap0', mac: '02:00:00:00:00:01', namespacePath: '/proc/self/ns/net' };
      const template = kept(await vmm.boot(machineOf({ network }), NEVER));
      const put = program.calls.find(({ path }) => path === '/network-interfaces/eth0');
      expect(put).toMatchObject({
        method: 'PUT',
        body: { iface_id: 'eth0', host_dev_name: 'tap0', guest_mac: network.mac },
      });
      const snapshot = await snapshotOf(template);
      kept(await vmm.restore(machineOf({ network }), snapshot, NEVER));
      // Versions before 1.12 know no `network_overrides`, and a name that holds needs none.
      expect(program.calls.at(-1)?.body).not.toHaveProperty('network_overrides');
      expect(program.violations).toEqual([]);
    },
  );

  test('gets the code drive of a package while it runs', async () => {
    const { vmm, program } = vmmThat();
    const machine = machineOf();
    const vm = kept(await vmm.boot(machine, NEVER));
    await vm.swapCode(join(directory, 'package'), NEVER);
    const patch = program.calls.at(-1);
    expect(patch).toMatchObject({ method: 'PATCH', path: '/drives/code', body: { drive_id: 'code' } });
    const seen = join(machine.directory, 'j', String(patch?.body?.path_on_host));
    expect(readFileSync(seen, 'utf8')).toBe('package');
    expect(program.violations).toEqual([]);
  });

  test('is snapshotted once and restored many times, each with ports of its own', async () => {
    const { vmm, program } = vmmThat();
    const template = kept(await vmm.boot(machineOf(), NEVER));
    await template.connect(NEVER);
    const snapshot = await snapshotOf(template);
    expect(snapshot.bytes).toBeGreaterThan(0);
    for (let i = 0; i < 3; i++) {
      const clone = kept(await vmm.restore(machineOf(), snapshot, NEVER));
      const { control } = await clone.connect(NEVER);
      expect(await firstWords(control)).toBe('control');
      await clone.swapCode(join(directory, 'package'), NEVER);
    }
    expect(program.violations).toEqual([]);
    expect(program.calls.filter(({ path }) => path === '/actions')).toHaveLength(1);
  });

  test('whose guest connects twice at one port is heard once', async () => {
    const { vmm } = vmmThat();
    const machine = machineOf();
    const vm = kept(await vmm.boot(machine, NEVER));
    const first = await vm.connect(NEVER);
    const second = connect(join(machine.directory, 'j', 'v_1002'));
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/ENOENT|ECONNREFUSED/);
    expect(await firstWords(first.channel)).toBe('channel');
  });
});

described(title('a monitor that goes wrong leaves nothing behind'), () => {
  test.each<[Fault, RegExp]>([
    ['die', /PUT \/actions/],
    ['cut', /PUT \/actions/],
    ['garbage', /not JSON/],
    [{ status: 400, message: 'Cannot open the kernel' }, /Cannot open the kernel.*a console line of the guest/s],
  ])('%o at the start', async (fault, words) => {
    const { vmm } = vmmThat({ faults: { 'PUT /actions': fault } });
    const machine = machineOf();
    const error = await vmm.boot(machine, NEVER).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'sandbox_start_failed' });
    expect(String((error as Error).message)).toMatch(words);
    await expectNothingOf(machine);
  });

  test.each(['PUT /drives/code', 'PUT /vsock', 'PUT /machine-config'])('dying at %s', async (call) => {
    const { vmm } = vmmThat({ faults: { [call]: 'die' } });
    const machine = machineOf();
    await expect(vmm.boot(machine, NEVER)).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    await expectNothingOf(machine);
  });

  test('hanging ends with the caller’s abort', async () => {
    const { vmm, program } = vmmThat({ faults: { 'PUT /boot-source': 'hang' } });
    const machine = machineOf();
    const control = new AbortController();
    const boot = vmm.boot(machine, control.signal);
    await until('it hangs', () => program.calls.some(({ path }) => path === '/boot-source'));
    control.abort(new Error('test'));
    await expect(boot).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    await expectNothingOf(machine);
  });

  test('failing at a restore', async () => {
    const { vmm } = vmmThat();
    const nowhere = { directory: join(directory, 'nowhere'), bytes: 0 };
    const machine = machineOf();
    await expect(vmm.restore(machine, nowhere, NEVER)).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    await expectNothingOf(machine);
  });

  test('ending before its guest has connected', async () => {
    const { vmm } = vmmThat({ silentPorts: ['stderr'] });
    const vm = kept(await vmm.boot(machineOf(), NEVER));
    const connecting = vm.connect(NEVER);
    vm.kill();
    await expect(connecting).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  });

  test('a guest that never connects is given up at the abort', async () => {
    const { vmm } = vmmThat({ silentPorts: ['control'] });
    const vm = kept(await vmm.boot(machineOf(), NEVER));
    await expect(vm.connect(AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  });

  test('a disk that is full at a snapshot has a code of its own', async () => {
    const message = 'Cannot write the memory file: No space left on device (os error 28)';
    const { vmm } = vmmThat({ faults: { 'PUT /snapshot/create': { status: 400, message } } });
    const vm = kept(await vmm.boot(machineOf(), NEVER));
    await expect(snapshotOf(vm)).rejects.toMatchObject({ code: 'storage_full' });
  });

  test('a code drive that cannot be swapped', async () => {
    const { vmm } = vmmThat({ faults: { 'PATCH /drives/code': { status: 400, message: 'no such file' } } });
    const vm = kept(await vmm.boot(machineOf(), NEVER));
    const swapping = vm.swapCode(join(directory, 'package'), NEVER);
    await expect(swapping).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  });
});
