import { expect, test, vi } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import { hearSandboxes } from './hear-sandboxes.ts';

test('failed removals are all counted, logged ever more rarely, and their end is logged once', () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const removalFailed = vi.fn();
  const hear = hearSandboxes('docker', log, { removalFailed, sandboxCrashed: vi.fn() });
  hear({ kind: 'transition', sandboxId: 's1', from: 'loaded', to: 'dead', reason: 'over' });
  for (let attempt = 1; attempt <= 1_000; attempt++) {
    hear({ kind: 'destroyFailed', sandboxId: 's1', attempt, error: new Error('busy') });
  }
  expect(removalFailed.mock.calls.filter(([isolation]) => isolation === 'docker')).toHaveLength(1_000);
  expect(log.error.mock.calls.map(([{ attempt }]) => attempt)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  hear({ kind: 'gone', sandboxId: 's1', reason: 'over', failedTries: 1_000 });
  hear({ kind: 'gone', sandboxId: 's2', reason: 'over', failedTries: 0 });
  expect(log.info.mock.calls.map(([{ sandboxId }]) => sandboxId)).toEqual(['s1']);
});

test('a sandbox that ends by itself between two calls is counted by how it ended, and logged with the end of its output', async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const metrics = createMetrics();
  const hear = hearSandboxes('process', log, metrics);
  const lines = Array.from({ length: 50 }, (_, n) => ({
    at: 'now',
    stream: 'stderr' as const,
    text: `${n} ${'x'.repeat(500)}`,
  }));
  const logs = {
    lines: [...lines, { at: 'now', stream: 'stderr' as const, text: 'RangeError: too late' }],
    truncated: false,
  };
  hear({ kind: 'crashed', sandboxId: 's1', exit: { cause: 'exit', exitCode: 129, signal: null }, logs });
  hear({ kind: 'crashed', sandboxId: 's2', exit: { cause: 'signal', exitCode: null, signal: 'SIGSEGV' }, logs });
  const { body } = await metrics.prometheus();
  const counted = 'coldframe_sandbox_crashes_total{isolation="process"';
  expect(body).toContain(`${counted},cause="exit",exit_status="129",signal=""} 1`);
  expect(body).toContain(`${counted},cause="signal",exit_status="",signal="SIGSEGV"} 1`);
  const [first] = log.warn.mock.calls[0] as [{ lastOutput: string[] }];
  expect(first).toMatchObject({ sandboxId: 's1', exitCode: 129, signal: null });
  expect(first.lastOutput).toHaveLength(20);
  expect(first.lastOutput.at(-1)).toBe('RangeError: too late');
  expect(first.lastOutput.join('').length).toBeLessThan(5_000);
});
