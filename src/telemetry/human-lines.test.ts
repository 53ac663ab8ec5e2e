import { expect, test } from 'vitest';
import { humanLines } from './human-lines.ts';
import { createLogger } from './logger.ts';

function written(log: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  log(createLogger({ level: 'info', destination: humanLines((line) => (text += line)) }));
  return text;
}

test('a line has the time, the level, the message and its fields', () => {
  expect(written((log) => log.info({ isolation: 'docker', ms: 12, detail: 'it answers' }, 'isolation state'))).toMatch(
    /^\d\d:\d\d:\d\d info {2}isolation state isolation=docker ms=12 detail="it answers"\n$/,
  );
});

test('an error shows its stack below its line', () => {
  const text = written((log) => log.error({ err: new Error('lost') }, 'stop'));
  expect(text).toMatch(/^\d\d:\d\d:\d\d ERROR stop\n {4}Error: lost\n {4,}at /);
});

test('control characters cannot steer the terminal, secrets stay blanked', () => {
  const text = written((log) => log.warn({ name: '\u001b[2J\u009b', token: 'abc' }, 'odd\u0007'));
  expect(text).toContain('odd\\x07');
  expect(text).not.toMatch(/[\u0007\u001b\u009b]/);
  expect(text).toContain('token="[redacted]"');
});
