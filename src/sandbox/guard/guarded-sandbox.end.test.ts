import { afterEach, expect, test } from 'vitest';
import type { Sandbox } from '../../contract/sandbox.ts';
import { MIB } from '../../domain/limits.ts';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { parkedCalls } from '../conformance/parked-calls.ts';
import { call, type Finished, until } from '../conformance/sandbox-rig.ts';
import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import type { MemoryCall } from '../drivers/memory/memory-module.ts';
import { encodeFrame } from '../wire/frame-codec.ts';
import { FRAME, type FrameType } from '../wire/frame-type.ts';

const { parked, park } = parkedCalls();

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

/** A sandbox with `count` calls that have arrived and wait. */
async function waiting(count: number): Promise<{ sandbox: Sandbox; calls: Promise<Finished>[] }> {
  rig ??= await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: Math.max(2, count) });
  const calls = Array.from({ length: count }, (_, index) => call(sandbox, index, { requestId: `r${index}` }));
  await until('all arrived', () => parked.length === count);
  return { sandbox, calls };
}

async function isGone(sandbox: Sandbox): Promise<void> {
  expect(sandbox.alive).toBe(false);
  await expect(call(sandbox, {})).rejects.toMatchObject({ code: 'sandbox_illegal_state' });
  await until('it is removed', () => rig?.guard.live().length === 0);
}

test('I1, I2: a hanging call gets its timeout within 100 ms of the clock, the sandbox is killed, its output kept', async () => {
  rig = await memoryRig((_event, running) => {
    running.stdout('before\n');
    return NO_REPLY;
  });
  const sandbox = await rig.sandbox();
  const { reply, replyMs, hostLagMs, settled } = await call(sandbox, {}, { timeoutMs: 60 });
  expect(reply).toEqual({ kind: 'timeout' });
  expect(replyMs).toBeLessThan(160 + hostLagMs);
  expect(settled.logs.lines.map((line) => line.text)).toEqual(['before']);
  await isGone(sandbox);
});

test('I2: after a timeout siblings run to their own end, then the sandbox is killed', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const sibling = call(sandbox, {}, { timeoutMs: 5_000 });
  const late = call(sandbox, {}, { timeoutMs: 30 });
  expect((await late).reply.kind).toBe('timeout');
  expect(sandbox.state).toBe('draining');
  await expect(call(sandbox, {})).rejects.toMatchObject({ code: 'sandbox_illegal_state' });
  parked[0]?.reply(Buffer.from('"in time"'));
  expect((await sibling).value).toBe('in time');
  await isGone(sandbox);
});

test('the late result of a timed-out call is dropped and no violation; a second one is', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const sibling = call(sandbox, {}, { timeoutMs: 5_000 });
  expect((await call(sandbox, {}, { timeoutMs: 30 })).reply.kind).toBe('timeout');
  parked[1]?.chunk(Buffer.from('late chunk'));
  parked[1]?.reply(Buffer.from('"late"'));
  parked[1]?.log('late line');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(sandbox.state).toBe('draining');
  parked[1]?.reply(Buffer.from('"later"'));
  expect((await sibling).reply.kind).toBe('protocolViolation');
  await isGone(sandbox);
});

test('two calls that expire together each get their timeout', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const both = await Promise.all([call(sandbox, {}, { timeoutMs: 30 }), call(sandbox, {}, { timeoutMs: 30 })]);
  expect(both.map((finished) => finished.reply.kind)).toEqual(['timeout', 'timeout']);
  await isGone(sandbox);
});

for (const [what, cause, act] of [
  ['exits', { cause: 'exit', exitCode: 3, signal: null }, (one: MemoryCall) => one.exit(3)],
  ['is signalled', { cause: 'signal', exitCode: null, signal: 'SIGSEGV' }, (one: MemoryCall) => one.signal('SIGSEGV')],
  ['is killed for memory', { cause: 'oom', exitCode: null, signal: 'SIGKILL' }, (one: MemoryCall) => one.outOfMemory()],
] as const) {
  test(`I2: when the process ${what} every call in flight is died with that cause`, async () => {
    const { sandbox, calls } = await waiting(2);
    act(parked[0]!);
    for (const { reply } of await Promise.all(calls)) {
      expect(reply).toEqual({ kind: 'died', exit: cause, dispatched: true });
    }
    await isGone(sandbox);
  });
}

test('a result written just before the process ends still counts', async () => {
  rig = await memoryRig((_event, running) => {
    running.reply(Buffer.from('"done"'));
    running.exit(0);
    return NO_REPLY;
  });
  const sandbox = await rig.sandbox();
  expect((await call(sandbox, {})).value).toBe('done');
  await isGone(sandbox);
});

test('a channel that breaks while the process lives is died, lost, after a short wait for the cause', async () => {
  const { sandbox, calls } = await waiting(1);
  parked[0]?.closeChannel();
  const { reply } = await calls[0]!;
  expect(reply).toMatchObject({ kind: 'died', exit: { cause: 'lost' } });
  await isGone(sandbox);
});

test('half a frame at the end is a death, not a violation', async () => {
  const { sandbox, calls } = await waiting(1);
  parked[0]?.sendRaw(encodeFrame(FRAME.end, 1, '{"us":1}', Buffer.from('123')).subarray(0, 15));
  parked[0]?.signal('SIGKILL');
  expect((await calls[0]!).reply).toMatchObject({ kind: 'died', exit: { cause: 'signal' } });
  await isGone(sandbox);
});

test('a call sent to a sandbox that has just died says that no byte was written', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const [box] = rig.driver.boxes.values();
  box?.end({ cause: 'signal', exitCode: null, signal: 'SIGKILL' });
  await Promise.resolve();
  expect(sandbox.alive).toBe(false);
  expect((await call(sandbox, {})).reply).toMatchObject({ kind: 'died', dispatched: false });
});

test('an idle sandbox that dies tells its listeners once, even while paused', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const reasons: string[] = [];
  sandbox.onDead((reason) => reasons.push(reason));
  sandbox.pause();
  const [box] = rig.driver.boxes.values();
  box?.end({ cause: 'oom', exitCode: null, signal: 'SIGKILL' });
  await until('it was told', () => reasons.length === 1);
  expect(reasons[0]).toContain('oom');
  expect(sandbox.state).toBe('dead');
});

test('I2: a kill for memory inside retires the sandbox though the call itself succeeded', async () => {
  const { sandbox, calls } = await waiting(1);
  const [box] = rig!.driver.boxes.values();
  // A kill for memory leaves the peak at the limit.
  box!.figures.peakBytes = sandbox.spec.memoryMib * MIB;
  box!.oomKillCount += 1;
  parked[0]?.reply(Buffer.from('1'));
  expect((await calls[0]!).reply.kind).toBe('result');
  await isGone(sandbox);
});

test.each([
  ['by its meta', 'Error', { us: 5, exit: true }],
  ['by its name alone', 'Runtime.ExitError', { us: 5 }],
])(
  'I2: an error that announces the end of the process %s is answered, and nothing new is taken',
  async (_how, errorType, meta) => {
    const { sandbox, calls } = await waiting(1);
    const body = Buffer.from(JSON.stringify({ errorType, errorMessage: 'exit status 1', stackTrace: [] }));
    parked[0]?.sendFrame(FRAME.error, 0, 1, meta, body);
    expect((await calls[0]!).reply).toMatchObject({ kind: 'error', error: { errorType } });
    await isGone(sandbox);
  },
);

for (const [what, send] of [
  ['a result on a stream never opened', (one: MemoryCall) => one.sendFrame(FRAME.end, 0, 99, { us: 1 }, null)],
  ['a log line of a call to come', (one: MemoryCall) => one.sendFrame(FRAME.log, 0x80, 99, { s: 1 }, null)],
  ['a second hello', (one: MemoryCall) => one.sendFrame(FRAME.hello, 0, 0, {}, null)],
  ['a second loaded', (one: MemoryCall) => one.sendFrame(FRAME.loaded, 0, 0, { importUs: 1 }, null)],
  ['a pong nobody asked for', (one: MemoryCall) => one.sendFrame(FRAME.pong, 0, 0, { n: 1 }, null)],
  ['loaded on a call', (one: MemoryCall) => one.sendFrame(FRAME.loaded, 0, 1, { importUs: 1 }, null)],
  ['a frame only hosts send', (one: MemoryCall) => one.sendFrame(FRAME.invoke, 0, 1, {}, null)],
  ['an unknown type', (one: MemoryCall) => one.sendFrame(77, 0, 0, null, null)],
  ['rubbish', (one: MemoryCall) => one.sendRaw(Buffer.alloc(64, 0xee))],
  ['a result without its time', (one: MemoryCall) => one.sendFrame(FRAME.end, 0, 1, null, Buffer.from('1'))],
  ['a result with a negative time', (one: MemoryCall) => one.sendFrame(FRAME.end, 0, 1, { us: -1 }, null)],
  ['an error that is no JSON', (one: MemoryCall) => one.sendFrame(FRAME.error, 0, 1, { us: 1 }, Buffer.from('{'))],
  ['an error of another shape', (one: MemoryCall) => one.sendFrame(FRAME.error, 0, 1, { us: 1 }, Buffer.from('[1]'))],
  ['more chunk bytes than allowed', (one: MemoryCall) => one.chunk(Buffer.alloc(256 * 1024 + 1))],
  [
    'a body after chunks',
    (one: MemoryCall) => {
      one.chunk(Buffer.from('a'));
      one.sendFrame(FRAME.end, 0, 1, { us: 1 }, Buffer.from('b'));
    },
  ],
] as const) {
  test(`I2: ${what} is protocolViolation and kills the sandbox`, async () => {
    const { sandbox, calls } = await waiting(1);
    send(parked[0]!);
    expect((await calls[0]!).reply.kind).toBe('protocolViolation');
    await isGone(sandbox);
  });
}

test('a frame over its bound is a violation as soon as its header is read', async () => {
  const { sandbox, calls } = await waiting(1);
  const head = Buffer.alloc(12);
  head.writeUInt32BE(8 + 6 * 1024 * 1024 + 1, 0);
  head[4] = FRAME.end;
  head.writeUInt32BE(1, 6);
  parked[0]?.sendRaw(head);
  expect((await calls[0]!).reply.kind).toBe('protocolViolation');
  await isGone(sandbox);
});

test('an unknown optional frame is ignored', async () => {
  const { calls } = await waiting(1);
  parked[0]?.sendFrame(99 as FrameType, 0x80, 0, null, Buffer.alloc(1000));
  parked[0]?.reply(Buffer.from('1'));
  expect((await calls[0]!).value).toBe(1);
});

test('a duplicate result: the first reply stands, the sandbox is killed, a sibling is not left waiting', async () => {
  const { sandbox, calls } = await waiting(2);
  parked[0]?.reply(Buffer.from('1'));
  parked[0]?.reply(Buffer.from('1'));
  const [first, second] = await Promise.all(calls);
  expect(first?.value).toBe(1);
  expect(second?.reply.kind).toBe('protocolViolation');
  await isGone(sandbox);
});

test('where the culprit is known its siblings are died', async () => {
  const { sandbox, calls } = await waiting(2);
  parked[1]?.sendFrame(FRAME.end, 0, 2, null, Buffer.from('1'));
  const [first, second] = await Promise.all(calls);
  expect(first?.reply).toMatchObject({ kind: 'died', dispatched: true });
  expect(second?.reply.kind).toBe('protocolViolation');
  await isGone(sandbox);
});

test('what died by itself is taken down after its replacement has had time, but at a stop at once', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const box = rig.driver.boxes.get(sandbox.id);
  box?.end({ cause: 'signal', exitCode: null, signal: 'SIGKILL' });
  await until('it is dead', () => sandbox.state === 'dead');
  expect(box?.destroyCount).toBe(0);
  await rig.guard.stop();
  expect(box?.destroyCount).toBe(1);
  expect(rig.guard.live()).toEqual([]);
});

test('what somebody ended is taken down at once', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const box = rig.driver.boxes.get(sandbox.id);
  const gone = sandbox.destroy('not needed');
  await new Promise((resolve) => setImmediate(resolve));
  expect(box?.destroyCount).toBe(1);
  await gone;
});
