import { expect, test } from 'vitest';
import { cgroupOfProcess } from './process-cgroup.ts';

test('a process whose group does not carry the mark has no group of its own', () => {
  expect(cgroupOfProcess(process.pid, '0123456789abcdef')).toBeNull();
});

test('a mark too short to be a container id is refused', () => {
  expect(cgroupOfProcess(process.pid, '')).toBeNull();
});

test('a process that is gone has no group', () => {
  expect(cgroupOfProcess(0x7fffffff, '0123456789abcdef')).toBeNull();
});
