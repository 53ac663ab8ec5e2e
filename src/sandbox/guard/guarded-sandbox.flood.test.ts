import { afterEach, describe, expect, test } from 'vitest';
import type { ReplyStream, Sandbox } from '../../contract/sandbox.ts';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { call, until } from '../conformance/sandbox-rig.ts';
import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import type { MemoryCall } from '../drivers/memory/memory-module.ts';
import { encodeFrame } from '../wire/frame-codec.ts';
import { FRAME_CHARGE_BYTES, TOLL_BURST_BYTES } from '../wire/frame-toll.ts';
import { CREDIT_BYTES, FLAG_OPTIONAL, FRAME, type FrameType } from '../wire/frame-type.ts';

/** Two bursts pass between two readings of the clock, and less than one is earned while they are handled. */
const IN_TURN_MAX = (3 * TOLL_BURST_BYTES) / FRAME_CHARGE_BYTES;
/** More than the toll lets through in two seconds, however slow this machine is. */
const FLOOD_FRAMES = 20 * IN_TURN_MAX;
/** Of a call that floods: a busy host has read some of the flood by then. */
const TIMEOUT_MS = 1_000;
const NOTHING = Buffer.alloc(0);
const UNKNOWN = 200 as FrameType;

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

/** One write of many frames of one kind, and a frame no peer may send behind them: whoever reads so far kills the sandbox. */
function flood(frame: Buffer, count = FLOOD_FRAMES): Buffer {
  return Buffer.concat([...Array<Buffer>(count).fill(frame), encodeFrame(FRAME.invoke, 1, '', null)]);
}

/** A sandbox whose calls send what `bytes` makes of their stream, and then nothing. */
async function flooding(bytes: (stream: number) => Buffer): Promise<{ sandbox: Sandbox; quiet: Sandbox }> {
  rig = await memoryRig((event, running: MemoryCall) => {
    if (event.toString() !== '"flood"') return event;
    running.sendRaw(bytes(running.stream));
    return NO_REPLY;
  });
  return { sandbox: await rig.sandbox({ concurrency: 2 }), quiet: await rig.sandbox() };
}

class Counter implements ReplyStream {
  writes = 0;
  /** Most writes in one turn of the event loop. */
  mostInTurn = 0;
  #inTurn = 0;
  largestBytes = 0;
  bytes = 0;
  isBehind = false;
  readonly drained = Promise.withResolvers<void>();

  head(): void {}

  write(chunk: Uint8Array): boolean {
    this.writes += 1;
    if (this.#inTurn === 0) setImmediate(() => (this.#inTurn = 0));
    this.#inTurn += 1;
    this.mostInTurn = Math.max(this.mostInTurn, this.#inTurn);
    this.bytes += chunk.length;
    this.largestBytes = Math.max(this.largestBytes, chunk.length);
    return !this.isBehind;
  }

  whenDrained(): Promise<void> {
    return this.drained.promise;
  }
}

const AT_WILL: [string, (stream: number) => Buffer][] = [
  ['log', (stream) => encodeFrame(FRAME.log, stream, '{"s":1}', NOTHING, FLAG_OPTIONAL)],
  ['log of no call', () => encodeFrame(FRAME.log, 0, '{"s":2}', Buffer.from('x'), FLAG_OPTIONAL)],
  ['chunk of one byte', (stream) => encodeFrame(FRAME.chunk, stream, '', Buffer.from('x'))],
  ['empty chunk', (stream) => encodeFrame(FRAME.chunk, stream, '', NOTHING)],
  ['unknown optional', (stream) => encodeFrame(UNKNOWN, stream, '', NOTHING, FLAG_OPTIONAL)],
];

describe.each(AT_WILL)('I1, I10: a flood of frames: %s', (_name, frame) => {
  test('is stopped in mid-chunk and paused, neighbours are served meanwhile, and the record says so', async () => {
    const { sandbox, quiet } = await flooding((stream) => flood(frame(stream)));
    const stream = new Counter();
    const calling = call(sandbox, 'flood', { stream, timeoutMs: TIMEOUT_MS });
    for (let n = 0; n < 3; n += 1) expect((await call(quiet, n)).value).toBe(n);
    const { reply, settled, replyMs, hostLagMs } = await calling;
    // Its own clock ends it, paused or not; the frame behind the flood was never reached.
    expect(reply.kind).toBe('timeout');
    expect(replyMs).toBeLessThan(TIMEOUT_MS + 100 + hostLagMs);
    expect(stream.mostInTurn).toBeLessThanOrEqual(IN_TURN_MAX);
    expect(settled.pausedMs).toBeGreaterThan(0);
  });
});

const ONCE: [string, (stream: number) => Buffer][] = [
  ['end', (stream) => encodeFrame(FRAME.end, stream, '{"us":1}', Buffer.from('1'))],
  ['error', (stream) => encodeFrame(FRAME.error, stream, '{"us":1}', Buffer.from('{}'))],
  ['hello', () => encodeFrame(FRAME.hello, 0, '{}', null)],
  ['loaded', () => encodeFrame(FRAME.loaded, 0, '{"importUs":1}', null)],
  ['loadError', () => encodeFrame(FRAME.loadError, 0, '{"importUs":1}', null)],
  ['pong', () => encodeFrame(FRAME.pong, 0, '{"n":1}', null)],
  ['credit', (stream) => encodeFrame(FRAME.credit, stream, '{"bytes":1}', null)],
  ['ping', () => encodeFrame(FRAME.ping, 0, '{"n":1}', null)],
  ['unknown', () => encodeFrame(UNKNOWN, 0, '', null)],
];

test.each(ONCE)(
  'I2: a flood of frames: %s is a breach at the second of them at the latest, and nothing behind it is looked at',
  async (_name, frame) => {
    // Log frames behind it: each that is read leaves a line.
    const { sandbox } = await flooding((stream) =>
      Buffer.concat([
        frame(stream),
        frame(stream),
        ...Array<Buffer>(FLOOD_FRAMES).fill(encodeFrame(FRAME.log, 0, '{"s":1}', Buffer.from('read'), FLAG_OPTIONAL)),
      ]),
    );
    const { settled } = await call(sandbox, 'flood');
    expect(settled.logs.lines).toEqual([]);
    await until('it is dead', () => sandbox.state === 'dead');
  },
);

describe('I1, I2: what a call streams after its clock has ended it', () => {
  /** A sandbox with a call that has timed out, and a sibling that keeps it alive. */
  async function late(): Promise<{ sandbox: Sandbox; calls: MemoryCall[]; sibling: ReturnType<typeof call> }> {
    const calls: MemoryCall[] = [];
    rig = await memoryRig((_event, running) => {
      calls.push(running);
      return NO_REPLY;
    });
    const sandbox = await rig.sandbox({ concurrency: 2 });
    const sibling = call(sandbox, 'sibling', { timeoutMs: 60_000 });
    const { reply } = await call(sandbox, 'late', { timeoutMs: 50 });
    expect([reply.kind, sandbox.state]).toEqual(['timeout', 'draining']);
    return { sandbox, calls, sibling };
  }
  const chunk = (stream: number, bytes: number) => encodeFrame(FRAME.chunk, stream, '', Buffer.alloc(bytes));

  test('is dropped while it is within the credit it had, and its siblings run on', async () => {
    const { calls, sibling } = await late();
    const [first, second] = calls;
    second?.sendRaw(chunk(second.stream, CREDIT_BYTES));
    first?.reply(Buffer.from('"whole"'));
    expect((await sibling).value).toBe('whole');
  });

  test('is a breach beyond that', async () => {
    const { calls, sibling, sandbox } = await late();
    const second = calls[1];
    second?.sendRaw(chunk(second.stream, CREDIT_BYTES));
    second?.sendRaw(chunk(second.stream, 1));
    expect((await sibling).reply.kind).toBe('died');
    await until('it is dead', () => sandbox.state === 'dead');
  });
});

test('I10: chunks of one byte for a reader that is behind become one buffer, and reach it whole and in order', async () => {
  const count = 1_000;
  rig = await memoryRig((_event, running) => {
    for (let n = 0; n < count; n += 1) running.chunk(Buffer.of(n % 256));
    return undefined;
  });
  const stream = new Counter();
  stream.isBehind = true;
  const { reply } = await call(await rig.sandbox(), {}, { stream });
  expect(reply).toMatchObject({ kind: 'streamed', bytes: count });
  expect(stream).toMatchObject({ writes: 2, bytes: count, largestBytes: count - 1 });
});

test('an honest call pays nothing: 3,000 warm calls and one with 6 MiB are never paused', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  for (let n = 0; n < 3_000; n += 1) {
    const { reply, settled } = await call(sandbox, n);
    expect([reply.kind, settled.pausedMs]).toEqual(['result', 0]);
  }
  const large = await call(sandbox, Buffer.alloc(6 * 1024 * 1024, '1'));
  expect([large.reply.kind, large.settled.pausedMs]).toEqual(['result', 0]);
});

test('a stream of 64 MiB in large chunks is never paused', async () => {
  rig = await memoryRig(async (_event, running) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let n = 0; n < 1_000; n += 1) {
      if (running.chunk(piece) < piece.length) await running.credit();
    }
  });
  const stream = new Counter();
  const { settled } = await call(await rig.sandbox(), {}, { stream, timeoutMs: 20_000 });
  expect([stream.bytes, settled.pausedMs]).toEqual([1_000 * 64 * 1024, 0]);
});

test('a program that logs much is slowed and not killed, and its result comes', async () => {
  // Most of a second’s worth, in one write: however slow this machine is, it is there at once.
  const lines = 10_000;
  rig = await memoryRig((_event, running) => {
    const line = encodeFrame(FRAME.log, running.stream, '{"s":1}', Buffer.from('line'), FLAG_OPTIONAL);
    running.sendRaw(Buffer.concat(Array<Buffer>(lines).fill(line)));
    return 'done';
  });
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const { value, settled } = await call(sandbox, {}, { timeoutMs: 60_000 });
  expect(value).toBe('done');
  expect(settled.logs.lines).toHaveLength(lines);
  expect(settled.pausedMs).toBeGreaterThan(0);
  expect(sandbox.state).toBe('loaded');
});
