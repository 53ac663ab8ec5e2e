import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import type { CodeRef } from '../../../../contract/driver.ts';
import { skipUnlessRequired } from '../../../conformance/driver-conformance.ts';
import { FixtureTrees } from '../../../conformance/fixture-trees.ts';
import { hostTraces } from '../../../conformance/host-traces.ts';
import { call, loaded, NEVER, setSlowness, until } from '../../../conformance/sandbox-rig.ts';
import { guardDriver } from '../../../guard/guarded-driver.ts';
import { microvmRig } from './microvm-rig.ts';
import { type MonitorKind, monitorOf, whyNoMachines } from './monitors.ts';

const TIMEOUT_MS = 300_000;
/** I5. */
const GONE_WITHIN_MS = 10_000;
const BOOTING_WITHIN_MS = 10_000;

/**
 * For tests: shows I5 with machines of that monitor. A life of the server is a process of its own. It is killed while
 * one of its machines waits, one works and one boots. The next life has to find and remove all of them.
 */
export function describeKilledLife(kind: MonitorKind): void {
  const isRequired = (process.env.COLDFRAME_REQUIRE ?? '').split(',').includes(kind === 'qemu' ? kind : 'firecracker');
  describe(`${kind}: a server killed with machines alive`, async () => {
    const reason = await whyNoMachines(kind);
    const trees = new FixtureTrees();
    const cleanups: (() => unknown)[] = [];

    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
      await trees.remove();
    }, TIMEOUT_MS);

    /** A life in this process, with one machine that answers. */
    async function answeringLife(host?: { instance: string; runDir: string; epoch: string }) {
      const { vmm } = monitorOf(kind);
      await vmm.inspect(NEVER);
      const rig = await microvmRig(vmm, { host });
      cleanups.push(() => rig.close());
      const guard = guardDriver(rig.driver, { onEvent() {} });
      cleanups.push(() => guard.stop());
      const reaped = await rig.driver.reap(NEVER);
      await guard.start(NEVER);
      const { sandbox } = await loaded(guard, trees.fixture('echo'), { spec: { labels: rig.host.labels } });
      const answer = async (event: string) => (await call(sandbox, event)).value;
      return { reaped, answer };
    }

    const { slowness } = monitorOf(kind);
    const timeout = TIMEOUT_MS * slowness;
    test('I5: the next life leaves nothing of them, serves on, and harms no neighbour', {
      timeout,
    }, async (context) => {
      if (reason !== null) return skipUnlessRequired(context, reason, isRequired);
      setSlowness(slowness);
      const runDir = mkdtempSync(join(tmpdir(), 'cfk-'));
      cleanups.push(() => rmSync(runDir, { recursive: true, force: true }));
      const [instance, mark] = [randomBytes(6).toString('hex'), randomBytes(3).toString('hex')];
      const [killed, next] = [`e${mark}1`, `e${mark}2`];
      const neighbour = await answeringLife();

      const life = startLife(kind, { instance, runDir, epoch: killed }, trees.fixture('spins'));
      cleanups.push(() => life.kill('SIGKILL'));
      const ids = await idsOf(life);
      // Tools that make a machine's slot also have its id among their words, and they run before the monitor has a
      // cgroup.
      const runs = async (id: string) => {
        const traces = await hostTraces(id);
        return ['cgroup: ', 'process '].every((kind) => traces.some((trace) => trace.startsWith(kind)));
      };
      for (const id of ids) await until(`the monitor of ${id} runs`, () => runs(id), BOOTING_WITHIN_MS);
      const ended = once(life, 'exit');
      life.kill('SIGKILL');
      await ended;
      for (const id of ids) expect(await hostTraces(id), id).not.toEqual([]);

      const { reaped, answer } = await answeringLife({ instance, runDir, epoch: next });
      expect(reaped).toBeGreaterThan(0);
      // The epoch of that life is in the name of each of its cgroups, mounts and directories, and so in each process.
      await until('nothing is left', async () => (await hostTraces(killed)).length === 0, GONE_WITHIN_MS);
      for (const id of ids) expect(await hostTraces(id), id).toEqual([]);
      expect(readdirSync(runDir)).not.toContain(killed);
      expect(await answer('alive')).toBe('alive');
      expect(await neighbour.answer('unharmed')).toBe('unharmed');
    });
  });
}

function startLife(
  kind: MonitorKind,
  host: { instance: string; runDir: string; epoch: string },
  code: CodeRef,
): ChildProcess {
  const program = join(import.meta.dirname, 'machines-life.ts');
  const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify({ kind, host, code })];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** What the life says once two of its machines are up and the third boots. */
async function idsOf(life: ChildProcess): Promise<string[]> {
  for await (const line of createInterface({ input: life.stdout! })) return JSON.parse(line) as string[];
  throw new Error('the life to be killed ended by itself');
}
