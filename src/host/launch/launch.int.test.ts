import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { tryRead } from '../kernel-file.ts';
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

/** A PID namespace, as bwrap and `unshare` make one, without any privilege. */
const NAMESPACE = ['unshare', '--user', '--pid', '--fork', '--kill-child', '--'];
const canUnshare = spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true']).status === 0;

/** Processes that carry the mark on their command line and run. */
function marked(mark: string): string[] {
  return readdirSync('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      tryRead(`/proc/${pid}/cmdline`)?.includes(mark) &&
      !/^State:\t[ZX]/m.test(tryRead(`/proc/${pid}/status`) ?? 'State:\tX'),
  );
}

test.skipIf(!canUnshare)(
  'without a cgroup and a uid of its own, its end waits for all that is in its PID namespace (needs user namespaces)',
  async () => {
    for (let round = 0; round < 5; round += 1) {
      const mark = `inside-${randomUUID()}`;
      // Sessions of their own, so that no process group holds them; many, so that their end takes a while.
      const script = 'n=0; while [ $n -lt 60 ]; do setsid sleep 1000 "$1" & n=$((n+1)); done; echo ready; wait';
      const launched = launch({
        ...plain,
        processesMax: 1_000,
        command: [
          '/usr/bin/env',
          ...NAMESPACE,
          '/bin/sh',
          '-c',
          script.replace('sleep 1000', 'sh -c "sleep 1000; :"'),
          'sh',
          mark,
        ],
      });
      await new Promise((ready) => launched.output?.once('data', ready));
      launched.connected();
      await expect.poll(() => marked(mark).length).toBeGreaterThan(50);
      launched.kill();
      await launched.exited;
      expect(marked(mark)).toEqual([]);
    }
  },
);
