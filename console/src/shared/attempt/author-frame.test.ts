import { describe, expect, it } from 'vitest';
import { authorFrame, frameHref, topFrame } from './author-frame.ts';

describe('the author’s place in a line of a stack trace', () => {
  it.each([
    ['    at priceOf (file:///var/task/index.mjs:10:21)', { file: 'index.mjs', line: 10, column: 21 }],
    ['    at Array.map (/var/task/lib/a b.js:3:7)', { file: 'lib/a b.js', line: 3, column: 7 }],
    ['at file:///var/task/index.js:7:9', { file: 'index.js', line: 7, column: 9 }],
    [
      '  File "/var/task/index.py", line 11, in handler\n    raise OrderError()',
      { file: 'index.py', line: 11, column: null },
    ],
  ])('%s', (line, frame) => {
    expect(authorFrame(line)).toEqual(frame);
  });

  it.each([
    'TypeError: it broke',
    '    at node:internal/process/task_queues:104:5',
    '    at f (/var/task/node_modules/left-pad/index.js:1:1)',
    '  File "/var/task/vendor/site-packages/x.py", line 1, in f',
    '  File "/usr/lib/python3.11/json/decoder.py", line 355',
    `/var/task/${'x'.repeat(3_000)}.js:1:1`,
    '/var/task/index.js',
    '',
  ])('is none: %s', (line) => {
    expect(authorFrame(line)).toBeNull();
  });

  it('the nearest one comes first in Node’s traces and last in Python’s', () => {
    const node = ['Error: x', '    at inner (/var/task/a.js:1:1)', '    at outer (/var/task/b.js:2:1)'];
    expect(topFrame(node, 'nodejs24')?.file).toBe('a.js');
    const python = ['  File "/var/task/b.py", line 2, in outer', '  File "/var/task/a.py", line 1, in inner'];
    expect(topFrame(python, 'python3.11')?.file).toBe('a.py');
    expect(topFrame([], 'nodejs24')).toBeNull();
  });

  it('has an address in the editor', () => {
    expect(frameHref('hello', { file: 'lib/a&b.js', line: 3, column: 1 })).toBe(
      '/functions/hello?file=lib%2Fa%26b.js&line=3',
    );
  });
});
