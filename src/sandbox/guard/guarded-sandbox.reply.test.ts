import { afterEach, expect, test } from 'vitest';
import type { ReplyStream } from '../../contract/sandbox.ts';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { call, until } from '../conformance/sandbox-rig.ts';
import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import type { MemoryCall } from '../drivers/memory/memory-module.ts';
import { FRAME } from '../wire/frame-type.ts';

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

class Collector implements ReplyStream {
  heads: unknown[] = [];
  bytes = 0;
  isBehind = false;
  #drained = Promise.withResolvers<void>();

  head(meta: unknown): void {
    this.heads.push(meta);
  }

  write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    return !this.isBehind;
  }

  whenDrained(): Promise<void> {
    return this.#drained.promise;
  }

  catchUp(): void {
    this.isBehind = false;
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }
}

/** Sends `pieces` of 64 KiB, waiting for credit as an honest shim does. */
const streaming = (pieces: number) => async (_event: Uint8Array, running: MemoryCall) => {
  const piece = Buffer.alloc(64 * 1024, 'x');
  for (let n = 0; n < pieces; n += 1) {
    const leftBytes = running.chunk(piece, { contentType: 'text/plain', prelude: true });
    if (leftBytes < piece.length) await running.credit();
  }
};

test('a streamed reply has one head, all its bytes, and ends as streamed', async () => {
  rig = await memoryRig(streaming(20));
  const stream = new Collector();
  const { reply } = await call(await rig.sandbox(), {}, { stream });
  expect(reply).toMatchObject({ kind: 'streamed', bytes: 20 * 64 * 1024 });
  expect(stream.heads).toEqual([{ contentType: 'text/plain', httpPrelude: true }]);
  expect(stream.bytes).toBe(20 * 64 * 1024);
});

test('I10: a reader that is behind stops the sender at its credit, and resumes it', async () => {
  rig = await memoryRig(streaming(20));
  const stream = new Collector();
  stream.isBehind = true;
  const calling = call(await rig.sandbox(), {}, { stream });
  await until('it has been told once', () => stream.bytes > 0);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(stream.bytes).toBe(64 * 1024);
  stream.catchUp();
  expect((await calling).reply.kind).toBe('streamed');
});

test('without a stream the chunks are gathered into a result', async () => {
  rig = await memoryRig(async (_event, running) => {
    running.chunk(Buffer.from('[1,'));
    running.chunk(Buffer.from('2]'));
  });
  expect((await call(await rig.sandbox(), {})).value).toEqual([1, 2]);
});

test('gathering stops at 6 MiB: resultTooLarge with the true size, and the sandbox serves on', async () => {
  rig = await memoryRig(streaming(100));
  const sandbox = await rig.sandbox();
  const { reply } = await call(sandbox, {}, { timeoutMs: 20_000 });
  expect(reply).toEqual({ kind: 'resultTooLarge', bytes: 100 * 64 * 1024 });
  expect(sandbox.state).toBe('loaded');
});

test('a failure in mid-stream is an error', async () => {
  rig = await memoryRig(async (_event, running) => {
    running.chunk(Buffer.from('half'));
    throw new Error('broke off');
  });
  const stream = new Collector();
  const { reply } = await call(await rig.sandbox(), {}, { stream });
  expect(reply).toMatchObject({ kind: 'error', error: { errorMessage: 'broke off' } });
  expect(stream.bytes).toBe(4);
});

test('a result over 6 MiB is resultTooLarge', async () => {
  rig = await memoryRig(() => 'x'.repeat(7 * 1024 * 1024));
  const { reply } = await call(await rig.sandbox(), {});
  expect(reply).toEqual({ kind: 'resultTooLarge', bytes: 7 * 1024 * 1024 + 2 });
});

test('an error over 256 KiB is not parsed but named', async () => {
  rig = await memoryRig(() => {
    throw new Error('x'.repeat(300 * 1024));
  });
  const { reply } = await call(await rig.sandbox(), {});
  expect(reply).toMatchObject({ kind: 'error', error: { errorType: 'Runtime.ErrorTooLarge' } });
});

test('handler time is what the shim says, but never more than passed outside', async () => {
  let us = 250;
  rig = await memoryRig((_event, running) => {
    running.sendFrame(FRAME.end, 0, running.stream, { us, extra: true }, Buffer.from('1'));
    return NO_REPLY;
  });
  const sandbox = await rig.sandbox();
  await call(sandbox, {});
  const honest = (await call(sandbox, {})).reply;
  expect(honest).toMatchObject({ kind: 'result' });
  us = 1e12;
  const lying = (await call(sandbox, {})).reply;
  expect(lying.kind === 'result' && lying.handlerMs).toBeLessThan(1_000);
});

test('usage is the difference around the call with its source; a fresh peak is the attempt’s own', async () => {
  rig = await memoryRig((event, running) => {
    running.figures.cpuUs = (running.figures.cpuUs ?? 0) + 12_500;
    running.figures.peakBytes = 48 * 1024 * 1024;
    return event;
  });
  const { usage } = (await call(await rig.sandbox(), {})).settled;
  expect(usage).toEqual({ cpuMs: 12.5, maxMemoryMib: 48, peakScope: 'attempt', source: 'procfs', shared: false });
});

test('where the peak cannot begin anew it is the sandbox’s', async () => {
  rig = await memoryRig((event, running) => {
    running.figures.canResetPeak = false;
    return event;
  });
  const sandbox = await rig.sandbox();
  await call(sandbox, {});
  expect((await call(sandbox, {})).settled.usage.peakScope).toBe('sandbox');
});

test('what cannot be measured is null, never 0', async () => {
  rig = await memoryRig((event, running) => {
    Object.assign(running.figures, { cpuUs: null, peakBytes: null, currentBytes: null });
    return event;
  });
  const sandbox = await rig.sandbox();
  const { usage } = (await call(sandbox, {})).settled;
  expect(usage).toEqual({ cpuMs: null, maxMemoryMib: null, peakScope: null, source: null, shared: false });
  expect(sandbox.memoryBytes()).toBeNull();
});

test('calls that overlapped are shared, whichever came first; one alone is not', async () => {
  const open: MemoryCall[] = [];
  rig = await memoryRig((_event, running) => {
    open.push(running);
    return NO_REPLY;
  });
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const first = call(sandbox, {});
  const second = call(sandbox, {});
  await until('both arrived', () => open.length === 2);
  open[1]?.log('mine');
  open[1]?.reply(Buffer.from('2'));
  const finished = await second;
  expect(finished.settled.usage).toMatchObject({ shared: true, peakScope: 'sandbox' });
  expect(finished.settled.logs.lines.map((line) => line.text)).toEqual(['mine']);
  open[0]?.reply(Buffer.from('1'));
  expect((await first).settled).toMatchObject({ usage: { shared: true }, logs: { lines: [] } });
  const alone = call(sandbox, {});
  await until('arrived', () => open.length === 3);
  open[2]?.reply(Buffer.from('3'));
  expect((await alone).settled.usage.shared).toBe(false);
});

test('a line left over from a call that has ended is no violation', async () => {
  let old: MemoryCall | null = null;
  rig = await memoryRig((event, running) => {
    old?.log('left over');
    old ??= running;
    return event;
  });
  const sandbox = await rig.sandbox();
  await call(sandbox, {});
  const { settled } = await call(sandbox, {});
  expect(settled.logs.lines.map((line) => line.text)).toEqual(['left over']);
});
