import { expect, it } from 'vitest';
import { fileNameProblem } from './file-name.ts';

const TAKEN = ['index.js', 'lib/a.js'];

it.each(['b.js', 'lib/b.js', 'deep/er/c.py', 'with space.txt', 'lib.js'])('%s can be a new file', (path) => {
  expect(fileNameProblem(path, TAKEN)).toBeNull();
});

it.each([
  '',
  '/etc/passwd',
  '../x.js',
  'a//b',
  './a',
  'a/',
  'index.js',
  'lib',
  'index.js/x',
  'a\\b',
  'a\nb',
  'x'.repeat(256),
])('%j cannot, and says why', (path) => {
  expect(fileNameProblem(path, TAKEN)).toMatch(/\.$/);
});
