import { afterEach, describe, expect, test } from 'vitest';
import { gate, revisionOf, type TestbedOptions, until } from '../pool/testing/pool-testbed.ts';
import { InvokeBed } from './testing/invoke-bed.ts';

let bed: InvokeBed;
async function begin(options: TestbedOptions = {}): Promise<InvokeBed> {
  bed = await new InvokeBed(options).start();
  return bed;
}
afterEach(() => bed.stop());

const alone = revisionOf('a', 'a1', { maxConcurrency: 1 });
const ONE = Buffer.from('1');

describe('the cancel call', () => {
  test('takes a queued call off at once, and the slot it waited for stays whole', async () => {
    await begin();
    const first = await bed.park(alone);
    const request = bed.request(alone, 'ok');
    const queued = bed.send(request);
    expect(bed.invoker.cancel('w1', request.id)).toBe(true);
    expect(await queued).toMatchObject({ outcome: 'cancelled', code: 'invocation_cancelled', start: null });
    expect((await (await queued).record).attempts[0]).toMatchObject({ sandboxId: null, receipt: null });
    expect(bed.invoker.cancel('w1', request.id)).toBe(false);
    first.call.reply(ONE);
    await (await first.answer).record;
    expect(await bed.call(alone, 'ok')).toMatchObject({ outcome: 'ok', start: 'warm' });
  });

  test('tells a running handler, which may give up; its sandbox serves on', async () => {
    await begin();
    const { id, answer } = await bed.park(alone);
    expect(bed.invoker.cancel('w1', id)).toBe(true);
    expect(await answer).toMatchObject({ outcome: 'cancelled', start: 'cold' });
    await (await answer).record;
    expect(await bed.call(alone, 'ok')).toMatchObject({ start: 'warm' });
  });

  test('a handler whose process ends in the grace is cancelled, and so is one that ignores it, at its own clock', async () => {
    await begin();
    const target = revisionOf('a', 'a1', { timeoutMs: 60 });
    for (const script of ['quit', 'hang']) {
      const request = bed.request(target, script);
      const answer = bed.send(request);
      await until('runs', () => bed.bed.pool.snapshot().sandboxes.some((it) => it.inFlight === 1));
      expect(bed.invoker.cancel('w1', request.id)).toBe(true);
      expect((await answer).outcome, script).toBe('cancelled');
      await (await answer).record;
    }
  });

  test('a call whose sandbox is still being made ends at once, and the sandbox serves the next', async () => {
    const { opened, open } = gate();
    await begin({ onCreate: () => opened });
    const request = bed.request(alone, 'ok');
    const answer = bed.send(request);
    expect(bed.invoker.cancel('w1', request.id)).toBe(true);
    expect((await answer).outcome).toBe('cancelled');
    open();
    expect(await bed.call(alone, 'ok')).toMatchObject({ outcome: 'ok' });
    expect(bed.bed.driver.createdCount).toBe(1);
  });

  test('a call between a sandbox that died under it and the next one can be cancelled', async () => {
    await begin();
    bed.pool.deaths = 1;
    const request = bed.request(alone, 'ok');
    let isTaken = false;
    bed.pool.onDeath = () => {
      isTaken = bed.invoker.cancel('w1', request.id);
    };
    const result = await bed.send(request);
    expect(isTaken).toBe(true);
    expect(result).toMatchObject({ outcome: 'cancelled', start: null });
    expect((await result.record).attempts[0]?.sandboxId).toBeNull();
    expect(await bed.call(alone, 'ok')).toMatchObject({ outcome: 'ok' });
  });

  test('knows neither another workspace’s calls, nor unknown ones, nor ended ones', async () => {
    await begin();
    const { id, call, answer } = await bed.park(alone);
    expect(bed.invoker.cancel('w2', id)).toBe(false);
    expect(bed.invoker.cancel('w1', 'nobody')).toBe(false);
    call.reply(ONE);
    await answer;
    expect(bed.invoker.cancel('w1', id)).toBe(false);
  });
});

describe('a caller who leaves', () => {
  test('is taken off the queue before dispatch', async () => {
    await begin();
    const first = await bed.park(alone);
    const leaving = new AbortController();
    const queued = bed.call(alone, 'ok', { clientGone: leaving.signal });
    leaving.abort();
    expect(await queued).toMatchObject({ outcome: 'cancelled', start: null });
    expect((await (await queued).record).attempts[0]?.clientGone).toBe(true);
    first.call.reply(ONE);
    await first.answer;
  });

  test('before the call even began, runs nothing, although a sandbox is warm', async () => {
    await begin();
    await (await bed.call(alone, 'ok')).record;
    const result = await bed.call(alone, 'ok', { clientGone: AbortSignal.abort() });
    expect(result).toMatchObject({ outcome: 'cancelled', start: null });
  });

  test('after dispatch the handler runs on, and the record says clientGone', async () => {
    await begin();
    const leaving = new AbortController();
    const { call, answer } = await bed.park(alone, { clientGone: leaving.signal });
    leaving.abort();
    call.reply(ONE);
    const record = await (await answer).record;
    expect(record).toMatchObject({ outcome: 'ok', attempts: [{ clientGone: true }] });
  });

  test('after the answer is no news: the record says that it was there', async () => {
    await begin();
    const leaving = new AbortController();
    const { call, answer } = await bed.park(alone, { clientGone: leaving.signal });
    void answer.then(() => leaving.abort());
    call.reply(ONE);
    expect((await (await answer).record).attempts[0]?.clientGone).toBe(false);
  });

  test('a cheaper answer than the signal is taken, so that no warm call makes one', async () => {
    await begin();
    await (await bed.call(alone, 'ok')).record;
    let asked = 0;
    const request = {
      ...bed.request(alone, 'ok'),
      isGone: false,
    };
    Object.defineProperty(request, 'clientGone', {
      get() {
        asked++;
        return null;
      },
    });
    const result = await bed.send(request);
    await result.record;
    expect([result.start, asked]).toEqual(['warm', 0]);
  });
});

describe('drain', () => {
  test('takes nothing new, lets calls in flight finish, then is done', async () => {
    await begin();
    const { call, answer } = await bed.park(alone);
    const drained = bed.invoker.drain(5_000);
    const refused = await bed.call(revisionOf('b'), 'ok');
    expect(refused).toMatchObject({ outcome: 'rejected', code: 'draining', start: null });
    expect(bed.records.refusals.get(refused.id)?.outcome).toBe('rejected');
    expect(bed.invoker.inFlight).toBe(1);
    call.reply(ONE);
    await drained;
    expect(await answer).toMatchObject({ outcome: 'ok' });
    expect(bed.invoker.inFlight).toBe(0);
  });

  test('beyond its deadline cancels what runs and what waits, each answered and recorded', async () => {
    await begin();
    const running = await bed.park(alone);
    const queued = bed.call(alone, 'ok');
    await bed.invoker.drain(0);
    expect((await running.answer).outcome).toBe('cancelled');
    expect((await queued).outcome).toBe('cancelled');
    expect(bed.records.stored.size).toBe(2);
  });
});
