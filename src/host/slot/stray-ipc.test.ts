import { expect, test } from 'vitest';
import { idsOf } from './stray-ipc.ts';

const SHM = `       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
  12639731         7   666                  4096  1234  1235      0 600001 600001 600001 600001          0          0          1                     0                     0
         0         8   600                  4096  1234  1235      0  1000  1000 600001 600001          0          0          1                     0                     0
         0         9   600                  4096  1234  1235      0  1000  1000  1000  1000          0          0          1                     0                     0
`;

test('what a uid owns or made is found, and nobody else’s', () => {
  expect(idsOf(600_001, SHM)).toEqual(['7', '8']);
  expect(idsOf(1_000, SHM)).toEqual(['8', '9']);
  expect(idsOf(42, SHM)).toEqual([]);
});

test('a table of another shape gives nothing to remove', () => {
  expect(idsOf(1, '')).toEqual([]);
  expect(idsOf(1, 'what is this\n1 1 1 1')).toEqual([]);
});
