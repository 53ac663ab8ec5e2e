import { expect, it } from 'vitest';
import { handlerFile } from './handler-file.ts';

it('finds the file a handler names, in both languages, else the first', () => {
  expect(handlerFile('index.handler', ['a.js', 'index.mjs'])).toBe('index.mjs');
  expect(handlerFile('src/app.handler', ['a.js', 'src/app.js'])).toBe('src/app.js');
  expect(handlerFile('pkg.app.handler', ['a.py', 'pkg/app.py'])).toBe('pkg/app.py');
  expect(handlerFile('other.handler', ['a.js', 'b.js'])).toBe('a.js');
  expect(handlerFile('index.handler', [])).toBe('');
});
