import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { launch } from './launch.ts';

const isRoot = process.getuid?.() === 0;
const plain = { env: {}, cwd: '/', cgroup: null, uid: null, processesMax: 16, noNewPrivileges: true, output: null };

test('a program launched without FIFOs prints both its streams into one pipe', async () => {
  const launched = launch({ ...plain, command: ['/bin/sh', '-c', 'echo out; echo err >&2; exit 3'] });
  const printed = await text(launched.output!);
  expect(printed.split('\n').sort()).toEqual(['', 'err', 'out']);
  expect(await launched.exited).toEqual({ cause: 'exit', exitCode: 3, signal: null });
});

test('a program inherits no descriptor of whoever started the server, however high and behind whatever gap', async () => {
  const leaked = openSync(import.meta.filename, 'r');
  const program = `import { launch } from '${join(import.meta.dirname, 'launch.ts')}';
import { text } from 'node:stream/consumers';
const options = ${JSON.stringify({ ...plain, command: ['/bin/sh', '-c', 'for fd in /proc/$$/fd/*; do if [ -e "$fd" ]; then basename "$fd"; fi; done'] })};
const launched = launch(options);
process.stdout.write(await text(launched.output));`;
  // Everything between is left unopened: a gap.
  const stdio = Array.from({ length: 201 }, () => 'ignore') as ('ignore' | 'pipe' | number)[];
  stdio[1] = 'pipe';
  for (const fd of [7, 18, 200]) stdio[fd] = leaked;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio });
  closeSync(leaked);
  const listed = (await text(starter.stdout!)).trim().split('\n').map(Number);
  expect(listed).toEqual(expect.arrayContaining([0, 1, 2]));
  expect(listed.filter((fd) => fd > 2)).toEqual([]);
});

test.skipIf(!isRoot)('a sandbox has no groups but its own and those named (needs root)', async () => {
  const groupsOf = async (groups: number[]) => {
    const launched = launch({ ...plain, uid: 899_999, groups, command: ['/usr/bin/id', '-G'] });
    const printed = (await text(launched.output!)).trim();
    // Until it has settled, whatever runs under its uid is killed, the next one included.
    await launched.exited;
    return printed;
  };
  expect(await groupsOf([])).toBe('899999');
  expect(await groupsOf([899_990])).toBe('899999 899990');
});
