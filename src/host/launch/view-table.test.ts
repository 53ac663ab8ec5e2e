import { expect, test } from 'vitest';
import { type ViewPlan, viewTable } from './view-table.ts';

const plan: ViewPlan = {
  temps: ['/tmp', '/var/tmp'],
  voids: ['/home/ada', '/home/ada/data', '/tmp/run'],
  sharedDevices: ['/dev/shm'],
  keeps: ['/tmp/run/slot/code', '/home/ada/node', '/usr/bin'],
  stageDir: '/tmp/run/slot/view',
  diskMib: 16,
  hasOwnProcesses: true,
};

/** What is mounted and where, in order. */
function mountsOf(overrides: Partial<ViewPlan> = {}): string[] {
  const { table } = viewTable({ ...plan, ...overrides });
  return table
    .trim()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 2).join(' -> '));
}

test('what stays is bound into its cover while everything is still visible, and nothing else is', () => {
  const mounts = mountsOf();
  const stage = '/tmp/run/slot/view';
  expect(mounts.slice(3, 5)).toEqual([
    `/tmp/run/slot/code -> ${stage}/temp/run/slot/code`,
    `/home/ada/node -> ${stage}/void-0/node`,
  ]);
  expect(mounts.some((mount) => mount.includes('/usr/bin'))).toBe(false);
});

test('the cover that hides the stages comes after every other', () => {
  const stage = '/tmp/run/slot/view';
  expect(mountsOf().slice(5, 8)).toEqual([
    `${stage}/temp -> /var/tmp`,
    `${stage}/void-0 -> /home/ada`,
    `${stage}/temp -> /tmp`,
  ]);
});

test('a folder within another cover needs none of its own', () => {
  expect(viewTable(plan).stages).toEqual(['/tmp/run/slot/view/temp', '/tmp/run/slot/view/void-0']);
});

test('a name that begins like a cover is not within it', () => {
  const mounts = mountsOf({ keeps: ['/tmpfiles/a', '/home/adam'] });
  expect(mounts.filter((mount) => mount.startsWith('/tmpfiles') || mount.startsWith('/home/adam'))).toEqual([]);
});

test('paths with spaces and backslashes stay one field of the table', () => {
  const { table } = viewTable({ ...plan, keeps: ['/tmp/a b\\c'] });
  expect(table).toContain('/tmp/a\\040b\\134c /tmp/run/slot/view/temp/a\\040b\\134c none rbind,x-mount.mkdir 0 0\n');
});
