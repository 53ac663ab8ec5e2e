import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupTree } from './cgroup.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Takes so many MiB when it is told to, and stays. */
const HOLDS =
  'let held; process.stdin.on("data", (mib) => { held = Buffer.alloc(Number(mib) * 1048576, 1); console.log("holds"); })';

let tree: CgroupTree;
let group: SandboxCgroup | null;
const closing: (() => void)[] = [];

beforeEach(() => {
  tree = new CgroupTree({ instance: randomBytes(6).toString('hex'), epoch: 'etest', log, doYield: false });
});

afterEach(async () => {
  for (const close of closing.splice(0)) close();
  group?.kill();
  await group?.remove(AbortSignal.timeout(10_000));
  await tree.close();
});

/** A process in a group of 96 MiB for its heap and as many for files. */
async function held(context: { skip(reason: string): void }) {
  if (!tree.prepare().controllers.includes('memory')) context.skip('needs a memory cgroup');
  group = tree.create('one', { memoryMib: 192, heapMib: 96, cpus: 1, pidsMax: 64 });
  const child = spawn(process.execPath, ['-e', HOLDS], { stdio: ['pipe', 'pipe', 'ignore'] });
  closing.push(() => child.kill('SIGKILL'));
  group?.join(child.pid as number);
  const exited = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const hold = (mib: number) => {
    const done = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    child.stdin.write(String(mib));
    return done;
  };
  return { exited, hold };
}

test('a heap beyond its share is killed for memory, though the group has room', async (context) => {
  const { exited, hold } = await held(context);
  await hold(110);
  expect(await exited).toBe('SIGKILL');
  expect(group?.oomKills()).toBe(1);
});

test('a frozen group is left alone until it is thawed', async (context) => {
  const { exited, hold } = await held(context);
  if (!group?.canFreeze) context.skip('needs a freezer');
  await hold(1);
  const holding = hold(110);
  group?.freeze();
  expect([group?.isFrozen, group?.oomKills()]).toEqual([true, 0]);
  group?.thaw();
  await Promise.race([holding, exited]);
  expect(await exited).toBe('SIGKILL');
});
