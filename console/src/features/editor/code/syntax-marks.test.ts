import { expect, it } from 'vitest';
import { firstBrokenFile, syntaxMarks } from './syntax-marks.ts';

const FIELDS = [
  { path: '/runtime', message: 'is missing' },
  { path: 'lib.js', message: 'line 3: Unexpected token' },
  { path: 'index.js', message: 'line 12: missing )' },
  { path: 'index.js', message: 'has no line' },
];

it('complaints with a line become marks of their file', () => {
  expect(syntaxMarks(FIELDS, 'index.js')).toEqual([{ line: 12, message: 'missing )' }]);
  expect(syntaxMarks(FIELDS, '/runtime')).toEqual([]);
});

it('the first broken file is the one to show', () => {
  expect(firstBrokenFile(FIELDS, ['index.js', 'lib.js'])).toBe('lib.js');
  expect(firstBrokenFile(FIELDS, ['other.js'])).toBeNull();
});
