import { afterEach, describe, expect, test } from 'vitest';
import type { Settings } from '../domain/settings.ts';
import { revisionOf, type TestbedOptions } from '../pool/testing/pool-testbed.ts';
import { InvokeBed } from './testing/invoke-bed.ts';

let bed: InvokeBed;
async function begin(options: TestbedOptions = {}): Promise<InvokeBed> {
  bed = await new InvokeBed(options).start();
  return bed;
}
afterEach(() => bed.stop());

describe('what the handler does', () => {
  test.each<[string, string, string | null, string | null, Partial<Settings>]>([
    ['ok', 'ok', null, null, {}],
    ['throw', 'error', 'function_error', 'TypeError', {}],
    ['hang', 'timeout', 'function_timeout', 'Sandbox.Timedout', { timeoutMs: 50 }],
    ['oom', 'oom', 'function_oom', 'Runtime.OutOfMemory', {}],
    ['exit', 'crashed', 'sandbox_crashed', 'Runtime.ExitError', {}],
    ['signal', 'crashed', 'sandbox_crashed', 'Runtime.ExitError', {}],
    ['claimsExit', 'crashed', 'sandbox_crashed', 'Runtime.ExitError', {}],
    ['big', 'error', 'result_too_large', 'Function.ResponseSizeTooLarge', {}],
    ['violate', 'crashed', 'protocol_violation', 'Sandbox.ProtocolViolation', {}],
  ])('%s ends as %s %s, once, and the record agrees', async (script, outcome, code, errorType, settings) => {
    await begin();
    const result = await bed.call(revisionOf('a', 'a1', settings), script);
    expect(result).toMatchObject({ outcome, code, start: 'cold', startReason: 'first_call', isolation: 'process' });
    expect(result.error?.errorType ?? null).toBe(errorType);
    const record = await result.record;
    expect(record).toMatchObject({ outcome, state: 'finished', attempts: [{ outcome, code, number: 1 }] });
    expect(record.attempts[0]?.error).toEqual(result.error);
  });

  test.each(['hang', 'oom', 'exit', 'violate', 'claimsExit'])(
    'I2: after %s that sandbox serves nothing new',
    async (script) => {
      await begin();
      const target = revisionOf('a', 'a1', { timeoutMs: 200 });
      const first = await (await bed.call(target, script)).record;
      const second = await (await bed.call(target, 'ok')).record;
      expect(second).toMatchObject({ outcome: 'ok' });
      expect(second.attempts[0]?.sandboxId).not.toBe(first.attempts[0]?.sandboxId);
    },
  );

  test('after an error of the handler the sandbox serves on, warm', async () => {
    await begin();
    const target = revisionOf('a');
    await (await bed.call(target, 'throw')).record;
    expect(await bed.call(target, 'ok')).toMatchObject({ outcome: 'ok', start: 'warm' });
  });

  test('I8: code that claims a bad event is recorded like any other', async () => {
    await begin();
    const result = await bed.call(revisionOf('a'), 'claimsBadJson');
    expect(result).toMatchObject({ outcome: 'error', code: 'invalid_json' });
    await result.record;
    expect(bed.records.stored.has(result.id)).toBe(true);
  });
});

describe('what the import does', () => {
  test.each([
    ['throw', 'error', 'init_error', 'SyntaxError'],
    ['hang', 'timeout', 'init_timeout', 'Runtime.InitTimeout'],
    ['exit', 'crashed', 'sandbox_crashed', 'Runtime.ExitError'],
    ['oom', 'oom', 'function_oom', 'Runtime.OutOfMemory'],
  ])('%s ends as %s %s, with the sandbox it happened in', async (script, outcome, code, errorType) => {
    await begin();
    const result = await bed.call(revisionOf('a', 'a1', { initTimeoutMs: 50 }, { LOAD: script }), 'ok');
    expect(result).toMatchObject({ outcome, code, start: 'cold', error: { errorType } });
    const [attempt] = (await result.record).attempts;
    expect(attempt).toMatchObject({ outcome, sandboxId: expect.any(String), phases: { handlerMs: null } });
    expect(attempt?.receipt?.codeSha256).toBe('a1');
  });
});

describe('what the pool says', () => {
  test('no concurrency at all is throttled with Retry-After, and only counted', async () => {
    await begin();
    const result = await bed.call(revisionOf('a', 'a1', { maxConcurrency: 0 }), 'ok');
    expect(result).toMatchObject({ outcome: 'throttled', code: 'throttled', retryAfterSeconds: 1, start: null });
    expect(bed.records.refusals.get(result.id)).toMatchObject({ outcome: 'throttled', functionId: 'id-a' });
    expect(bed.records.stored.size).toBe(0);
  });

  test('a queue that does not move in time is throttled', async () => {
    await begin();
    const target = revisionOf('a', 'a1', { maxConcurrency: 1, queueTimeoutMs: 30 });
    const first = await bed.park(target);
    expect(await bed.call(target, 'ok')).toMatchObject({ outcome: 'throttled' });
    first.call.reply(Buffer.from('1'));
    await first.answer;
  });

  test('a function deleted meanwhile ends its queued calls as cancelled, and lets the running one finish (I9)', async () => {
    await begin();
    const target = revisionOf('a', 'a1', { maxConcurrency: 1 });
    const running = await bed.park(target);
    const queued = bed.call(target, 'ok');
    bed.bed.setLive(target.functionId, null);
    expect(await queued).toMatchObject({ outcome: 'cancelled', code: 'invocation_cancelled', start: null });
    running.call.reply(Buffer.from('1'));
    expect(await running.answer).toMatchObject({ outcome: 'ok' });
  });

  test('a platform that cannot start a sandbox rejects with a code and without its cause (I7)', async () => {
    await begin({
      onCreate: () => {
        throw new Error('ENOENT /srv/secret');
      },
    });
    const result = await bed.call(revisionOf('a'), 'ok');
    expect(result).toMatchObject({ outcome: 'rejected', code: 'sandbox_start_failed', isolation: null });
    expect(JSON.stringify(result)).not.toContain('secret');
    expect(bed.records.refusals.has(result.id)).toBe(true);
  });

  test('an isolation that is not there rejects and says which', async () => {
    await begin({ probe: { state: 'absent', detail: 'not here' } });
    const result = await bed.call(revisionOf('a'), 'ok');
    expect(result).toMatchObject({ outcome: 'rejected', code: 'isolation_unavailable' });
    expect(result.publicMessage).toContain('process');
  });
});
