import { expect, it } from 'vitest';
import { appended, CHARS_MAX, EMPTY_BUFFER, type IncomingLine, LINES_MAX, RepeatFilter } from './log-buffer.ts';

function line(text: string, over: Partial<IncomingLine> = {}): IncomingLine {
  return {
    at: '2026-01-01T00:00:00Z',
    functionName: 'f',
    invocationId: 'i',
    stream: 'stdout',
    level: 'info',
    text,
    ...over,
  };
}

it('holds a bounded number of lines, the newest, and counts what it gave up', () => {
  let buffer = EMPTY_BUFFER;
  for (let round = 0; round < 12; round++)
    buffer = appended(
      buffer,
      Array.from({ length: 1_000 }, (_, n) => line(`${round}.${n}`)),
    );
  expect([buffer.lines.length, buffer.dropped]).toEqual([LINES_MAX, 12_000 - LINES_MAX]);
  expect(buffer.lines.at(-1)?.text).toBe('11.999');
  expect(buffer.lines.map(({ number }) => number)).toEqual(Array.from({ length: LINES_MAX }, (_, n) => 7_000 + n));
});

it('holds a bounded number of characters, and cuts a line that is too long', () => {
  const long = 'x'.repeat(100_000);
  let buffer = EMPTY_BUFFER;
  for (let round = 0; round < 4; round++)
    buffer = appended(
      buffer,
      Array.from({ length: 500 }, () => line(long)),
    );
  const chars = buffer.lines.reduce((sum, { text }) => sum + text.length, 0);
  expect(chars).toBeLessThanOrEqual(CHARS_MAX);
  expect(buffer.lines.length).toBeGreaterThan(900);
  expect(buffer.lines[0]?.text.endsWith('(cut)')).toBe(true);
});

it('knows lines sent again, as often as it had them', () => {
  const { lines } = appended(EMPTY_BUFFER, [line('a'), line('a'), line('b')]);
  const filter = new RepeatFilter(lines);
  const again = [line('a'), line('a'), line('a'), line('b', { invocationId: 'other' }), line('b')];
  expect(again.map((one) => filter.isRepeat(one))).toEqual([true, true, false, false, true]);
});
