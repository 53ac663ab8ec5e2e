import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatMemory, formatPercent, formatPerMinute } from './figures.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

it.each([
  [null, '–'],
  [0, '0 ms'],
  [0.412, '0.41 ms'],
  [3.24, '3.2 ms'],
  [312.4, '312 ms'],
  [4_210, '4.2 s'],
  [59_990, '60 s'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [183_600_000, '2 d 3 h'],
])('a duration of %s ms reads %s', (ms, text) => {
  expect(plain(formatDuration(ms))).toBe(text);
});

it.each([
  [undefined, '–'],
  [512, '512 B'],
  [4_300, '4.2 KiB'],
  [134_217_728, '128 MiB'],
])('%s bytes read %s', (bytes, text) => {
  expect(plain(formatBytes(bytes))).toBe(text);
});

it('memory in MiB takes the larger unit where it is one', () => {
  expect(plain(formatMemory(2_048))).toBe('2 GiB');
});

it.each([
  [0, '0'],
  [9_999, '9,999'],
  [12_340, '12.3k'],
  [999_600, '1M'],
])('a count of %s reads %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

it.each([
  [0, '0%'],
  [0.0004, '<0.1%'],
  [0.004, '0.4%'],
  [0.123, '12%'],
])('a share of %s reads %s', (share, text) => {
  expect(formatPercent(share)).toBe(text);
});

it('a rate below ten keeps a digit after the point', () => {
  expect([formatPerMinute(0.23), formatPerMinute(48.4)]).toEqual(['0.23/min', '48/min']);
});
