import { expect, it } from 'vitest';
import { frameLocation } from './frame-location.ts';

it.each([
  ['    at handler (/var/task/index.mjs:3:9)', 'index.mjs', 3],
  ['    at file:///var/task/lib/deep er.js:12:1', 'lib/deep er.js', 12],
  ['    at async Object.<anonymous> (file:///var/task/index.js:7:3)', 'index.js', 7],
  ['  File "/var/task/pkg/app.py", line 4, in handler\n    raise ValueError()\n', 'pkg/app.py', 4],
])('%s lies where it says', (frame, file, line) => {
  expect(frameLocation(frame)).toEqual({ file, line });
});

it('a frame outside the author’s files, and rubbish, lie nowhere', () => {
  for (const frame of ['', 'at node:internal/x:1:1', '/var/task/', '  File "/usr/lib/x.py", line 3'])
    expect(frameLocation(frame)).toBeNull();
});
