import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SandboxCgroup } from '../../../host/cgroup/sandbox-cgroup.ts';
import { SlotTree } from '../../../host/slot/slot-tree.ts';
import { ContainerParts } from './container-parts.ts';
import type { ContainerRemover } from './container-remover.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const soon = () => AbortSignal.timeout(5_000);

let runDir: string;
let slots: SlotTree;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'cfc-'));
  slots = new SlotTree({ runDir, epoch: 'e1', log });
});

afterEach(async () => {
  await slots.close(soon());
  rmSync(runDir, { recursive: true, force: true });
});

/** Of a failed create: a slot that listens, a container the daemon knows of, and a cgroup that does not go. */
async function halfMade(remover: Pick<ContainerRemover, 'remove' | 'owe'>, cgroup: Partial<SandboxCgroup>) {
  const parts = new ContainerParts('half-made', remover as ContainerRemover, null);
  const slot = await slots.create('half', { uid: null, view: 'mount' }, soon());
  const output = slot.openOutput();
  await slot.listen();
  parts.container = 'made';
  Object.assign(parts.host, { slot, cgroup });
  return { parts, slot, output };
}

describe.skipIf(process.platform !== 'linux')('abandoning a half-made sandbox (needs Linux)', () => {
  test('leaves no open handle even where the daemon hangs and the host’s side does not go', async () => {
    const owed: string[] = [];
    const hangs = { remove: () => Promise.reject(new Error('no answer')), owe: (name: string) => void owed.push(name) };
    const stuck = { kill() {}, remove: () => Promise.reject(new Error('still busy')) };
    const { parts, slot, output } = await halfMade(hangs as never, stuck);
    await expect(parts.abandon(soon())).rejects.toThrow('still busy');
    expect(owed).toEqual(['half-made']);
    expect([output.stdout.destroyed, output.stderr.destroyed]).toEqual([true, true]);
    expect(existsSync(slot.socketPath)).toBe(false);
  });

  test('the host’s side has time of its own when the daemon has used up the caller’s', async () => {
    const late = new AbortController();
    const uses = {
      remove: () => {
        late.abort();
        return Promise.reject(new Error('no answer'));
      },
      owe() {},
    };
    const asks = { kill() {}, remove: async (signal: AbortSignal) => signal.throwIfAborted() };
    const { parts, slot } = await halfMade(uses as never, asks);
    await parts.abandon(late.signal);
    expect(existsSync(slot.directory)).toBe(false);
  });
});
