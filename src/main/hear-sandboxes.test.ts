import { expect, test, vi } from 'vitest';
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

test('a sandbox that ends by itself between two calls is counted by its cause and logged with its status', () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const sandboxCrashed = vi.fn();
  const hear = hearSandboxes('process', log, { removalFailed: vi.fn(), sandboxCrashed });
  hear({ kind: 'crashed', sandboxId: 's1', exit: { cause: 'exit', exitCode: 129, signal: null } });
  expect(sandboxCrashed.mock.calls).toEqual([['process', 'exit']]);
  expect(log.warn.mock.calls[0]?.[0]).toMatchObject({ sandboxId: 's1', exitCode: 129 });
});
