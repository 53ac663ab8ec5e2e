import { afterEach, expect, test } from 'vitest';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { parkedCalls } from '../conformance/parked-calls.ts';
import { call, until } from '../conformance/sandbox-rig.ts';

const { parked, park } = parkedCalls();
let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

test('a handler that gives up in the grace is cancelled and its sandbox serves on', async () => {
  rig = await memoryRig(
    (_event, running) =>
      new Promise((_resolve, reject) => {
        running.cancelled.addEventListener('abort', () => reject(new Error('stopped')));
      }),
  );
  const sandbox = await rig.sandbox();
  const calling = call(sandbox, {}, { requestId: 'mine' });
  expect(sandbox.cancel('other')).toBe(false);
  expect(sandbox.cancel('mine')).toBe(true);
  expect(sandbox.cancel('mine')).toBe(true);
  expect((await calling).reply).toEqual({ kind: 'cancelled' });
  expect(sandbox.cancel('mine')).toBe(false);
  expect(sandbox.state).toBe('loaded');
});

test('a result that comes first stands', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const calling = call(sandbox, {}, { requestId: 'mine' });
  await until('arrived', () => parked.length === 1);
  sandbox.cancel('mine');
  parked[0]?.reply(Buffer.from('1'));
  expect((await calling).reply.kind).toBe('result');
});

test('one that does not end is cancelled after its grace, or at its own clock if that is nearer', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const calling = call(sandbox, {}, { requestId: 'mine', timeoutMs: 50 });
  sandbox.cancel('mine');
  const { reply, replyMs, hostLagMs } = await calling;
  expect(reply).toEqual({ kind: 'cancelled' });
  expect(replyMs).toBeLessThan(150 + hostLagMs);
  expect(sandbox.alive).toBe(false);
  await until('it is removed', () => rig?.guard.live().length === 0);
});

test('a handler whose process ends in the grace is cancelled, not crashed', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const calling = call(sandbox, {}, { requestId: 'mine' });
  await until('arrived', () => parked.length === 1);
  sandbox.cancel('mine');
  parked[0]?.exit(1);
  expect((await calling).reply).toEqual({ kind: 'cancelled' });
  await until('it is removed', () => rig?.guard.live().length === 0);
});
