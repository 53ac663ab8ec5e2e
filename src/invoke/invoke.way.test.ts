import { afterEach, describe, expect, test } from 'vitest';
import type { ReplyStream } from '../contract/sandbox.ts';
import { LIMITS } from '../domain/limits.ts';
import { revisionOf, type TestbedOptions, until } from '../pool/testing/pool-testbed.ts';
import { InvokeBed } from './testing/invoke-bed.ts';

let bed: InvokeBed;
async function begin(options: TestbedOptions = {}): Promise<InvokeBed> {
  bed = await new InvokeBed(options).start();
  return bed;
}
afterEach(() => bed.stop());

/** A caller that reads a stream at once. */
class Reader implements ReplyStream {
  contentType: string | null = null;
  text = '';

  head(meta: { contentType: string }): void {
    this.contentType = meta.contentType;
  }

  write(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString();
    return true;
  }

  async whenDrained(): Promise<void> {}
}

describe('at the door', () => {
  test.each([
    ['isolation_below_minimum', { minIsolation: 'docker' as const }],
    ['payload_too_large', { event: Buffer.alloc(LIMITS.payloadMaxBytes + 1) }],
  ])('%s is refused before anything is started, and counted', async (code, more) => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'ok', more);
    expect(result).toMatchObject({ outcome: 'rejected', code, start: null, receipt: null, durationMs: 0 });
    expect(result.publicMessage).toEqual(expect.any(String));
    expect(bed.records.refusals.get(result.id)).toMatchObject({ outcome: 'rejected', isolation: 'process' });
    expect((await result.record).attempts).toEqual([]);
    expect(bed.bed.driver.createdCount).toBe(0);
  });

  test('a minimum that is met runs', async () => {
    await begin();
    expect(await bed.call(revisionOf('a'), 'ok', { minIsolation: 'process' })).toMatchObject({ outcome: 'ok' });
  });

  test('a weaker sandbox than was asked for runs a call without a minimum and no other; the receipt says which it was', async () => {
    await begin({ fallback: 'weaker' });
    const plain = revisionOf('a');
    const target = { ...plain, revision: { ...plain.revision, isolation: 'docker' as const } };
    expect(await bed.call(target, 'ok')).toMatchObject({ outcome: 'ok', receipt: { isolation: 'process' } });
    const refused = await bed.call(target, 'park', { minIsolation: 'docker' });
    expect(refused).toMatchObject({ outcome: 'rejected', code: 'isolation_below_minimum', start: null });
    expect(bed.parked.size).toBe(0);
    await until('the slot is free', () => bed.bed.pool.snapshot().sandboxes.every((it) => it.inFlight === 0));
    expect(await bed.call(target, 'ok')).toMatchObject({ outcome: 'ok', start: 'warm' });
  });

  test('I10: a backlog of records refuses, and lets calls in again when it is gone', async () => {
    await begin();
    bed.records.accepting = false;
    const refused = await bed.call(revisionOf('a'), 'ok');
    expect(refused).toMatchObject({ outcome: 'rejected', code: 'records_backlog', retryAfterSeconds: 1 });
    bed.records.accepting = true;
    expect(await bed.call(revisionOf('a'), 'ok')).toMatchObject({ outcome: 'ok' });
  });
});

describe('another sandbox', () => {
  test('is tried when one dies before a byte was written to it', async () => {
    await begin();
    bed.pool.deaths = 1;
    const result = await bed.call(revisionOf('a'), 'ok');
    expect(result).toMatchObject({ outcome: 'ok', start: 'cold', startReason: 'sandbox_lost' });
    expect((await result.record).attempts).toHaveLength(1);
    expect(bed.bed.driver.createdCount).toBe(2);
  });

  test('is tried twice and no more', async () => {
    await begin();
    bed.pool.deaths = 9;
    const result = await bed.call(revisionOf('a'), 'ok');
    expect(result).toMatchObject({ outcome: 'crashed', code: 'sandbox_crashed' });
    expect(bed.pool.deaths).toBe(6);
    bed.pool.deaths = 0;
  });

  test('is not tried once a byte was written: the call may have run', async () => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'signal');
    expect(result).toMatchObject({ outcome: 'crashed', code: 'sandbox_crashed' });
    await result.record;
    expect(bed.bed.driver.createdCount).toBe(1);
  });

  test('is not tried for a caller who left meanwhile', async () => {
    await begin();
    bed.pool.deaths = 1;
    const leaving = new AbortController();
    bed.pool.onDeath = () => leaving.abort();
    const result = await bed.call(revisionOf('a'), 'ok', { clientGone: leaving.signal });
    expect(result).toMatchObject({ outcome: 'cancelled' });
    expect(bed.bed.driver.createdCount).toBe(1);
  });
});

describe('try', () => {
  test('has a sandbox of its own, gone afterwards, and keeps what it carried', async () => {
    await begin();
    const target = revisionOf('a');
    const bound = await (await bed.call(target, 'ok')).record;
    const tried = await bed.call(target, 'ok', { trigger: 'try' });
    expect(tried).toMatchObject({ outcome: 'ok', start: 'cold', startReason: 'try' });
    const record = await tried.record;
    expect(record.attempts[0]?.sandboxId).not.toBe(bound.attempts[0]?.sandboxId);
    expect(bed.records.stored.get(tried.id)?.payloads.capture).toBe('all');
    await until('gone', () => !bed.bed.driver.boxes.has(record.attempts[0]?.sandboxId ?? ''));
    const next = await bed.call(target, 'ok');
    expect((await next.record).attempts[0]?.sandboxId).toBe(bound.attempts[0]?.sandboxId);
  });
});

describe('the record', () => {
  test('is running from the start, and complete after the answer, with phases that add up', async () => {
    await begin();
    const target = revisionOf('a', 'a1', {}, { LOAD: 'print' });
    const parked = await bed.park(target);
    expect(bed.records.running.get(parked.id)).toMatchObject({ state: 'running', outcome: null, eventBytes: 4 });
    parked.call.reply(Buffer.from('"x"'));
    const result = await parked.answer;
    const record = await result.record;
    expect(record).toMatchObject({ state: 'finished', mode: 'sync', resultBytes: 3, start: 'cold', eventBytes: 4 });
    const [attempt] = record.attempts;
    const { queueMs, claimMs, loadMs, importMs, handlerMs, totalMs } = attempt!.phases;
    expect([claimMs, loadMs, importMs, handlerMs].every((part) => part !== null && part >= 0)).toBe(true);
    expect(queueMs + claimMs! + loadMs! + importMs! + handlerMs!).toBeLessThanOrEqual(totalMs + 1);
    expect(record.durationMs).toBe(totalMs);
    expect(Date.parse(record.finishedAt!)).toBeGreaterThanOrEqual(Date.parse(record.startedAt));
    expect(attempt?.logs.map((line) => line.text)).toEqual(['printed at import']);
    expect(await result.record).toBe(record);
  });

  test('a warm call has neither claim nor load, its own output and no import’s', async () => {
    await begin();
    const target = revisionOf('a', 'a1', {}, { LOAD: 'print' });
    await (await bed.call(target, 'ok')).record;
    const result = await bed.call(target, 'print');
    expect(result).toMatchObject({ start: 'warm', startReason: null });
    const [attempt] = (await result.record).attempts;
    expect(attempt?.phases).toMatchObject({ claimMs: null, loadMs: null, importMs: null });
    expect(attempt?.logs.map((line) => line.text)).toEqual(['printed by the call']);
  });

  test('carries the receipt of the sandbox it ran in, as the answer does', async () => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'ok');
    const [attempt] = (await result.record).attempts;
    expect(attempt?.receipt).toEqual({
      isolation: 'process',
      driver: 'memory',
      fence: 'none',
      imageDigest: null,
      enforced: { memory: false, cpu: false, pids: false, disk: false, network: false },
      codeSha256: 'a-r1',
      dependencySetSha256: null,
    });
    expect(result.receipt).toEqual(attempt?.receipt);
  });

  test('gets event and result as they were, with the function’s capture policy', async () => {
    await begin();
    const event = Buffer.from('{ "n": 1.0 }');
    const result = await bed.call(revisionOf('a', 'a1', { capture: 'none' }), event);
    await result.record;
    const { payloads } = bed.records.stored.get(result.id)!;
    expect(payloads.event).toBe(event);
    expect(payloads.result).toBe(result.body);
    expect(payloads.capture).toBe('none');
  });

  test('waited for late or twice is the same one', async () => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'ok');
    const [one, two] = await Promise.all([result.record, result.record]);
    expect(one).toBe(two);
    expect(await result.record).toBe(one);
  });
});

describe('a streamed reply', () => {
  test('reaches a caller who takes it, and the record says so', async () => {
    await begin();
    const stream = new Reader();
    const result = await bed.call(revisionOf('a'), 'stream', { stream });
    expect(result).toMatchObject({ outcome: 'ok', streamed: true, body: null });
    expect(stream).toMatchObject({ contentType: 'text/csv', text: 'one,two' });
    expect(await result.record).toMatchObject({ mode: 'stream', resultBytes: 7 });
  });

  test('is gathered for a caller who does not', async () => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'stream');
    expect(result).toMatchObject({ outcome: 'ok', streamed: false });
    expect(Buffer.from(result.body!).toString()).toBe('one,two');
    expect((await result.record).mode).toBe('sync');
  });

  test('that breaks off is a crash, told once, and never tried elsewhere', async () => {
    await begin();
    const stream = new Reader();
    const result = await bed.call(revisionOf('a'), 'streamThenExit', { stream });
    expect(result).toMatchObject({ outcome: 'crashed', code: 'sandbox_crashed', body: null });
    expect(stream.text).toBe('half');
    await result.record;
    expect(bed.bed.driver.createdCount).toBe(1);
  });
});
