import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostRig } from '../../../host/host-rig.ts';
import type { Machine } from '../../vmm.ts';
import { Cell } from '../cell.ts';
import { FirecrackerVmm } from '../firecracker-vmm.ts';
import { FakeProgram, type FakeScript } from './fake-program.ts';

/**
 * For tests alone: a life of a server with monitors that are scripted, to be killed. One monitor runs, one hangs in the middle
 * of its configuration, and a jail has a file of another file system mounted in it. Says the three ids once that is so.
 */
const { directory, elsewhere, host } = JSON.parse(process.argv[2] ?? '') as {
  directory: string;
  /** A file on another file system than the run directory's. */
  elsewhere: string;
  host: { instance: string; runDir: string; epoch: string };
};
const NEVER = new AbortController().signal;
const LIMITS = { memoryMib: 512, cpus: 1, pidsMax: 64 };
const IDS = ['runs', 'hangs', 'jailed'] as const;

// A host that runs tests is never idle, and a scripted monitor is a program that takes its time to start.
const rig = new HostRig({ ...host, doYield: false });
rig.cgroups.prepare();
await rig.slots.prepare();

for (const name of ['kernel', 'rootfs', 'empty']) writeFileSync(join(directory, name), name);
await vmmThat('runs').boot(await machineOf('runs'), NEVER);
void vmmThat('hangs', { faults: { 'PUT /boot-source': 'hang' } }).boot(await machineOf('hangs'), NEVER);
const slot = await rig.slots.create('jailed', { uid: null, view: 'mount' }, NEVER);
const jail = { binaryPath: '/opt/firecracker', jailerPath: '/opt/jailer', uid: null };
const cell = await Cell.make({ id: 'jailed', directory: slot.channelDir, ...jail });
await cell.show(elsewhere, 'rootfs', NEVER);
process.stdout.write(`${JSON.stringify(IDS)}\n`);

function vmmThat(name: string, script: FakeScript = {}): FirecrackerVmm {
  mkdirSync(join(directory, name));
  const { path } = new FakeProgram(join(directory, name), script);
  return new FirecrackerVmm({ binaryPath: path, jailerPath: '/nonexistent', runDir: host.runDir, probeUid: null });
}

async function machineOf(id: string): Promise<Machine> {
  const { channelDir } = await rig.slots.create(id, { uid: null, view: 'mount' }, NEVER);
  const file = (name: string) => join(directory, name);
  return {
    ...{ id, directory: channelDir, uid: null, cgroup: rig.cgroups.create(id, LIMITS), network: null },
    ...{ kernelPath: file('kernel'), initramfsPath: null, kernelArguments: 'quiet' },
    ...{ rootfsPath: file('rootfs'), codePath: file('empty'), memoryMib: 128, cpus: 1 },
  };
}
