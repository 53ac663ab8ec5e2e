import { expect, it } from 'vitest';
import { isAtLeast, logLevelOf } from './log-level.ts';

it.each([
  ['stdout', 'hello', 'info'],
  ['stderr', 'Traceback (most recent call last):', 'error'],
  ['stderr', '2026-01-01T00:00:00Z WARNING root: slow', 'warn'],
  ['stderr', 'INFO:root:started', 'info'],
  ['stdout', '[ERROR] it broke', 'error'],
  ['stdout', '{"time":1,"level":40,"msg":"slow"}', 'warn'],
  ['stdout', '{"severity":"error"}', 'error'],
  ['stdout', '{"levelname": "DEBUG"}', 'debug'],
  ['stdout', '{"level":"unheard"}', 'info'],
  ['stdout', 'no error here', 'info'],
  ['stdout', `${'x'.repeat(100)} ERROR`, 'info'],
  ['stdout', '', 'info'],
] as const)('%s %j is %s', (stream, text, level) => {
  expect(logLevelOf(stream, text)).toBe(level);
});

it('levels are ordered', () => {
  expect([isAtLeast('error', 'warn'), isAtLeast('warn', 'warn'), isAtLeast('info', 'warn')]).toEqual([
    true,
    true,
    false,
  ]);
});
