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
