import { afterEach, describe, expect, test } from 'vitest';
import type { InvocationState } from '../domain/names.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { revisionOf, until } from '../pool/testing/pool-testbed.ts';
import type { Lease } from '../pool/types.ts';
import { InvokeBed } from './testing/invoke-bed.ts';
import type { InvokeRequest, InvokeResult } from './types.ts';

const ACCEPTED = '2026-01-01T00:00:00.000Z';
const alone = revisionOf('a', 'a1', { maxConcurrency: 1 });

let bed: InvokeBed;
afterEach(() => bed.stop());

/** One attempt as a queue would begin it, and all it heard of it. */
interface Begun {
  request: InvokeRequest;
  ended: InvokeResult[];
  handedBack: string[];
}

async function begin(
  script: string,
  more: { number?: number; after?: InvocationState; request?: Partial<InvokeRequest>; lease?: Lease } = {},
): Promise<Begun> {
  const request = bed.request(alone, script, { mode: 'async', ...more.request });
  const lease = more.lease ?? (await leaseOf(alone));
  const begun: Begun = { request, ended: [], handedBack: [] };
  bed.invoker.begin(request, {
    number: more.number ?? 1,
    acceptedAt: ACCEPTED,
    lease,
    ended: (result) => {
      begun.ended.push(result);
      return more.after ?? 'finished';
    },
    handedBack: ({ code }) => begun.handedBack.push(code),
  });
  return begun;
}

async function leaseOf(target: RunnableRevision): Promise<Lease> {
  const { promise, resolve, reject } = Promise.withResolvers<Lease>();
  const options = { queueDeadlineMs: performance.now() + 10_000, signal: null, exclusive: false };
  bed.pool.acquire(target, options, (result) => {
    if (result.kind === 'lease') resolve(result.lease);
    else reject(new Error(result.kind));
  });
  return promise;
}

async function parked(begun: Begun) {
  await until('parked', () => bed.parked.has(begun.request.id));
  return bed.parked.get(begun.request.id)!;
}

async function allSettled(): Promise<void> {
  await until('nothing in flight', () => bed.invoker.inFlight === 0);
  expect(bed.bed.pool.snapshot().sandboxes.every(({ inFlight }) => inFlight === 0)).toBe(true);
}

describe('an attempt whose invocation is kept elsewhere', () => {
  test('ends once; its keeper says what the invocation is now, and the record has the attempt under its own number', async () => {
    bed = await new InvokeBed().start();
    const first = await begin('throw', { after: 'retrying' });
    await allSettled();
    expect(first).toMatchObject({ ended: [{ outcome: 'error', code: 'function_error' }], handedBack: [] });
    const { id } = first.request;
    expect(bed.records.attempts.get(`${id} 1`)).toMatchObject({
      state: 'retrying',
      outcome: null,
      finishedAt: null,
      durationMs: null,
      startedAt: ACCEPTED,
      attempts: [{ number: 1, outcome: 'error' }],
    });
    const second = await begin('ok', { number: 2, request: { id } });
    await allSettled();
    expect(second).toMatchObject({ ended: [{ outcome: 'ok' }], handedBack: [] });
    const record = bed.records.attempts.get(`${id} 2`)!;
    expect(record).toMatchObject({ state: 'finished', outcome: 'ok', mode: 'async', attempts: [{ number: 2 }] });
    expect(record.attempts[0]!.startedAt > ACCEPTED).toBe(true);
    // It waited for its turn: the invocation took longer than its attempt.
    expect(record.durationMs).toBe(Date.parse(record.finishedAt!) - Date.parse(ACCEPTED));
    expect(record.attempts[0]!.phases.totalMs).toBeLessThan(record.durationMs!);
  });

  test('that the server’s stop cuts short is handed back, not cancelled, and recorded as what it was', async () => {
    bed = await new InvokeBed().start();
    const begun = await begin('park');
    await parked(begun);
    await bed.invoker.drain(0);
    expect(begun).toMatchObject({ ended: [], handedBack: ['draining'] });
    expect(bed.records.attempts.get(`${begun.request.id} 1`)).toMatchObject({
      state: 'queued',
      outcome: null,
      finishedAt: null,
      attempts: [{ number: 1, outcome: 'cancelled', code: 'draining' }],
    });
  });

  test('that ends by itself while the server stops has ended', async () => {
    bed = await new InvokeBed().start();
    const begun = await begin('park');
    const call = await parked(begun);
    const drained = bed.invoker.drain(5_000);
    call.reply(Buffer.from('1'));
    await drained;
    expect(begun).toMatchObject({ ended: [{ outcome: 'ok' }], handedBack: [] });
  });

  test('that somebody cancelled stays cancelled, though the server stops at that moment', async () => {
    bed = await new InvokeBed().start();
    const begun = await begin('park');
    await parked(begun);
    expect(bed.invoker.cancel('w1', begun.request.id)).toBe(true);
    await bed.invoker.drain(0);
    expect(begun).toMatchObject({ ended: [{ outcome: 'cancelled', code: 'invocation_cancelled' }], handedBack: [] });
    await allSettled();
  });

  test.each(['before it began', 'on the way'])(
    'whose sandbox dies before a byte was sent, %s, is handed back; nothing is recorded and it waits in no line',
    async (when) => {
      bed = await new InvokeBed().start();
      const lease = await leaseOf(alone);
      bed.bed.driver.boxes.get(lease.sandbox.id)!.end({ cause: 'signal', exitCode: null, signal: 'SIGKILL' });
      // On the way: the process has ended, and its channel is about to tell.
      if (when === 'on the way') await Promise.resolve();
      else await until('dead', () => !lease.sandbox.alive);
      const begun = await begin('ok', { lease });
      await allSettled();
      expect(begun).toMatchObject({ ended: [], handedBack: ['sandbox_crashed'] });
      expect([bed.records.attempts.size, bed.records.withdrawals]).toEqual([0, [begun.request.id]]);
      expect(bed.bed.pool.snapshot().queued).toBe(0);
    },
  );

  test('in a weaker sandbox than it demands is handed back', async () => {
    bed = await new InvokeBed({ fallback: 'weaker' }).start();
    const begun = await begin('ok', { request: { minIsolation: 'process' } });
    expect((await begin('ok', { request: { minIsolation: 'docker' } })).handedBack).toEqual([
      'isolation_below_minimum',
    ]);
    await allSettled();
    expect(begun.ended).toHaveLength(1);
  });

  test.each([
    ['draining', () => bed.invoker.drain(0)],
    ['records_backlog', () => (bed.records.accepting = false)],
  ])('is handed back with its slot where admission refuses it: %s', async (code, close) => {
    bed = await new InvokeBed().start();
    const lease = await leaseOf(alone);
    await close();
    expect(await begin('ok', { lease })).toMatchObject({ ended: [], handedBack: [code] });
    await allSettled();
    expect([bed.records.attempts.size, bed.records.refusals.size]).toEqual([0, 0]);
  });

  test('is handed back while an earlier attempt of it still runs here', async () => {
    bed = await new InvokeBed().start();
    const wide = revisionOf('b');
    const first = await begin('park');
    const call = await parked(first);
    const again = await begin('ok', { number: 2, request: { id: first.request.id }, lease: await leaseOf(wide) });
    expect(again).toMatchObject({ ended: [], handedBack: ['throttled'] });
    call.reply(Buffer.from('1'));
    await allSettled();
    expect([...bed.records.attempts.keys()]).toEqual([`${first.request.id} 1`]);
  });
});
