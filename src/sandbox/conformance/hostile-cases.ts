import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import type { Sandbox } from '../../contract/sandbox.ts';
import { BOTH, type ConformanceCase, NODE, running } from './conformance-case.ts';
import { processes } from './host-traces.ts';
import { call, paceMs, until } from './sandbox-rig.ts';

/** For a function that ends by itself: no claim, but long enough on a host whose cores are busy. */
const PATIENT_MS = 50_000;

/** I2: dead at once or as soon as its last call has settled, and never lent again. */
async function isFinished(sandbox: Sandbox): Promise<void> {
  expect(sandbox.alive).toBe(false);
  await expect(call(sandbox, {})).rejects.toMatchObject({ code: 'sandbox_illegal_state' });
  await until('the sandbox is dead', () => sandbox.state === 'dead');
}

/** Functions that misbehave; each is contained, and its sandbox never serves again. */
export const HostileCases: ConformanceCase[] = [
  {
    name: 'timeout',
    guarantee: 'I1, I2: a spinner gets its timeout within 100 ms of the clock and its sandbox serves nothing new',
    languages: BOTH,
    async run(bench) {
      for (const fixture of ['spins', 'ignores-sigterm']) {
        const sandbox = await running(bench, fixture);
        const { reply, replyMs, hostLagMs } = await call(sandbox, {}, { timeoutMs: 300 });
        expect(reply).toEqual({ kind: 'timeout' });
        expect(replyMs).toBeGreaterThanOrEqual(295);
        expect(replyMs).toBeLessThan(300 + 100 + hostLagMs);
        await isFinished(sandbox);
      }
    },
  },
  {
    name: 'crash',
    guarantee: 'I2: a process that dies without a word is died, dispatched, with its cause, and serves nothing new',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'dies');
      const { reply } = await call(sandbox, {});
      expect(reply).toMatchObject({ kind: 'died', dispatched: true });
      if (reply.kind === 'died') expect(['exit', 'signal']).toContain(reply.exit.cause);
      await isFinished(sandbox);
    },
  },
  {
    name: 'exit',
    guarantee: 'a handler that ends the process is an error or died, and its sandbox serves nothing new',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'exits');
      const { reply } = await call(sandbox, { code: 3 });
      if (reply.kind === 'error') expect(reply.error.errorType).toBe('Runtime.ExitError');
      else expect(reply).toMatchObject({ kind: 'died', exit: { exitCode: 3 } });
      await isFinished(sandbox);
    },
  },
  {
    name: 'oom',
    guarantee: 'I6, I2: memory beyond the limit is died by oom, and its sandbox serves nothing new',
    languages: BOTH,
    enforced: ['memory'],
    async run(bench) {
      const sandbox = await running(bench, 'allocates');
      const { reply } = await call(sandbox, {}, { timeoutMs: PATIENT_MS });
      expect(reply).toMatchObject({ kind: 'died', exit: { cause: 'oom' } });
      await isFinished(sandbox);
    },
  },
  {
    name: 'pids',
    guarantee: 'I6: a fork bomb stays within its pids limit, ends with its sandbox, and others answer meanwhile',
    languages: BOTH,
    needs: ['own-processes'],
    enforced: ['pids'],
    async run(bench) {
      const other = await running(bench, 'echo');
      const sandbox = await running(bench, 'fork-bomb', {}, { pidsMax: 40 });
      const bombing = call(sandbox, {}, { timeoutMs: 1_500 });
      expect((await call(other, 'still here')).value).toBe('still here');
      const { reply } = await bombing;
      expect(['timeout', 'died', 'error', 'protocolViolation']).toContain(reply.kind);
      await sandbox.destroy('test');
      expect((await call(other, 'and now')).value).toBe('and now');
      const isBomb = ({ cmdline }: { cmdline: string }): boolean => cmdline.includes('b(){ b|b& b; }; b');
      expect(processes().filter(isBomb)).toEqual([]);
    },
  },
  {
    name: 'memory-beside-disk',
    guarantee: 'I6: the heap holds memoryMib and no more, whatever room diskMib gives to /tmp, and /tmp holds its own',
    languages: ['python'],
    enforced: ['memory', 'disk'],
    async run(bench) {
      const handler = `import time
held = []
def handler(event, context):
    with open('/tmp/file', 'wb') as file:
        for _ in range(event['fileMib']): file.write(b'x' * (1 << 20))
    held.append(bytearray(event['heapMib'] << 20))
    time.sleep(event['s'])
    return 'held'`;
      const code = bench.source({ 'index.py': handler });
      const within = await running(bench, code, {}, { memoryMib: 128, diskMib: 256 });
      expect((await call(within, { fileMib: 200, heapMib: 32, s: 1 }, { timeoutMs: PATIENT_MS })).value).toBe('held');
      const beyond = await running(bench, code, {}, { memoryMib: 128, diskMib: 256 });
      const { reply } = await call(beyond, { fileMib: 1, heapMib: 250, s: 30 }, { timeoutMs: 40_000 });
      expect(reply).toMatchObject({ kind: 'died', exit: { cause: 'oom' } });
      await isFinished(beyond);
    },
  },
  {
    name: 'disk',
    guarantee: 'I6: the temp directory holds diskMib and no more, in bytes and in files',
    languages: BOTH,
    enforced: ['disk'],
    async run(bench) {
      const bytes = await running(bench, 'fills-disk', {}, { diskMib: 16 });
      const filled = await call(bytes, {}, { timeoutMs: PATIENT_MS });
      expect(filled.value).toMatchObject({ code: expect.stringMatching(/ENOSPC|EDQUOT/) });
      expect((filled.value as { written: number }).written).toBeLessThanOrEqual(16 * 1024 * 1024);
      const inodes = await running(bench, 'fills-inodes', {}, { diskMib: 16 });
      const { value } = await call(inodes, {}, { timeoutMs: PATIENT_MS });
      expect(value).toMatchObject({ code: expect.stringMatching(/ENOSPC|EDQUOT/) });
    },
  },
  {
    name: 'stdio-closed',
    guarantee: 'closing its descriptors does not stop a function from answering',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'closes-stdio');
      expect((await call(sandbox, {})).value).toEqual({ closed: true });
      expect((await call(sandbox, {})).reply.kind).toBe('result');
    },
  },
  {
    name: 'replies-twice',
    guarantee: 'a forged or second result kills the sandbox, and each call still gets one reply',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'replies-twice');
      const { reply } = await call(sandbox, { stream: 1 });
      expect(['result', 'protocolViolation']).toContain(reply.kind);
      await until('the sandbox is dead', () => sandbox.state === 'dead');
    },
  },
  {
    name: 'foreign-stream',
    guarantee: 'a frame on a stream nobody opened, or of a type out of order, kills the sandbox',
    languages: BOTH,
    async run(bench) {
      for (const type of [9, 1, 4, 200]) {
        const sandbox = await running(bench, 'forges-other-stream');
        const { reply } = await call(sandbox, { type });
        expect(reply.kind).toBe('protocolViolation');
        await isFinished(sandbox);
      }
    },
  },
  {
    name: 'rubbish',
    guarantee: 'rubbish on the channel kills the sandbox and is protocolViolation',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'writes-rubbish');
      expect((await call(sandbox, {})).reply.kind).toBe('protocolViolation');
      await isFinished(sandbox);
    },
  },
  {
    name: 'channel-again',
    guarantee: 'the channel cannot be opened a second time',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'opens-channel-again');
      expect((await call(sandbox, {})).value).toMatchObject({ opened: false });
    },
  },
  {
    name: 'background',
    guarantee: 'processes left in the background die with the sandbox',
    languages: BOTH,
    needs: ['own-processes'],
    async run(bench) {
      const sandbox = await running(bench, 'leaves-background-processes');
      const seconds = randomInt(1_000_000, 9_000_000);
      const left = (): number => processes().filter(({ cmdline }) => cmdline.endsWith(`sleep ${seconds}`)).length;
      expect((await call(sandbox, { count: 3, seconds })).reply.kind).toBe('result');
      // Under a kernel of its own they are no processes of the host; that nothing of the sandbox is left is looked at anyway.
      if (bench.guard.capabilities.sharesHostKernel) await until('they run', () => left() === 3);
      await sandbox.destroy('test');
      // Without a cgroup the kernel ends a PID namespace by itself, a moment after its first process; with one nothing is left at once.
      if (bench.guard.lastProbe?.enforced.pids !== true) await until('they are gone', () => left() === 0);
      expect(left()).toBe(0);
    },
  },
  {
    name: 'kills-parent',
    guarantee: 'killing everything it may harms nobody else',
    languages: BOTH,
    needs: ['own-processes'],
    async run(bench) {
      const other = await running(bench, 'echo');
      const sandbox = await running(bench, 'kills-parent');
      await call(sandbox, {}, { timeoutMs: 2_000 });
      expect((await call(other, 'alive')).value).toBe('alive');
    },
  },
  {
    name: 'kill-is-fast',
    guarantee: 'a spinner is answered at once when its sandbox is destroyed, and dies in well under a second',
    languages: NODE,
    async run(bench) {
      const source = bench.source({ 'index.mjs': 'export const handler = () => { for (;;); };' });
      const sandbox = await running(bench, source);
      const calling = call(sandbox, {}, { timeoutMs: PATIENT_MS });
      await new Promise((resolve) => setImmediate(resolve));
      const beganAtMs = paceMs();
      const destroying = sandbox.destroy('test');
      const { reply, hostLagMs } = await calling;
      expect(reply).toMatchObject({ kind: 'died', exit: { cause: 'destroyed' } });
      expect(paceMs() - beganAtMs).toBeLessThan(500 + hostLagMs);
      await destroying;
    },
  },
];
