import { expect, test } from 'vitest';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import type { Slot } from '../slot/slot.ts';
import { HostSide } from './host-side.ts';
import { UidPool } from './uid-pool.ts';

const soon = () => AbortSignal.timeout(5_000);

/** A host side whose steps write their names down; the one named in `fails` rejects until it is taken out. */
function recorded(uids = new UidPool({ first: 20_000, count: 1 }, { listLiveUids: () => new Set() })) {
  const steps: string[] = [];
  const fails = new Set<string>();
  const step = async (name: string) => {
    steps.push(name);
    if (fails.has(name)) throw new Error(`${name} is busy`);
  };
  const host = new HostSide('s1', uids);
  host.slot = { remove: () => step('slot') } as unknown as Slot;
  host.link = { namespacePath: '', detach: () => step('link') };
  host.cgroup = { kill: () => steps.push('kill'), remove: () => step('cgroup') } as unknown as SandboxCgroup;
  const remove = () =>
    host.remove(soon(), { endProcesses: () => step('processes'), tidy: (uid) => step(`files of ${uid}`) });
  return { host, uids, steps, fails, remove };
}

test('a sandbox leaves the host in one order, and its uid is free only when nothing of it is left', async () => {
  const { steps, remove, uids } = recorded();
  await remove();
  expect(steps).toEqual(['processes', 'kill', 'cgroup', 'link', 'slot', 'files of 20000']);
  expect(uids.takenCount).toBe(0);
});

test.each(['processes', 'cgroup', 'link', 'slot', 'files of 20000'])(
  'a removal stuck at its %s keeps the uid, says why, and goes on from there',
  async (stuck) => {
    const { steps, fails, remove, uids } = recorded();
    fails.add(stuck);
    await expect(remove()).rejects.toThrow(`sandbox s1 could not be removed entirely: ${stuck} is busy`);
    expect(uids.takenCount).toBe(1);
    const before = steps.filter((name) => name !== 'processes' && name !== 'kill' && name !== stuck);
    fails.clear();
    steps.length = 0;
    await remove();
    expect(uids.takenCount).toBe(0);
    for (const done of before) expect(steps, `${done} was done already`).not.toContain(done);
  },
);

test('removals at the same time run one after the other and give the uid back once', async () => {
  const { steps, remove, uids } = recorded();
  await Promise.all([remove(), remove()]);
  expect(steps.filter((name) => name === 'slot')).toEqual(['slot']);
  expect(uids.takenCount).toBe(0);
  expect(uids.acquire()).toBe(20_000);
});
