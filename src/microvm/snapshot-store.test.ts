import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SnapshotStore } from './snapshot-store.ts';
import type { VmSnapshot } from './vmm.ts';

const NEVER = new AbortController().signal;
let parent: string;
let directory: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cf-snapshots-'));
  directory = join(parent, 'snapshots');
});
afterEach(() => rmSync(parent, { recursive: true }));

const making = (bytes: number) => async (at: string) => {
  writeFileSync(join(at, 'state'), 'x');
  return { directory: at, bytes };
};
const same = async (snapshot: VmSnapshot) => snapshot.directory;

test('many who ask at once share one making, and later ones find it', async () => {
  const store = new SnapshotStore(directory);
  let made = 0;
  const make = async (at: string) => {
    made += 1;
    return making(10)(at);
  };
  const used = await Promise.all([1, 2, 3].map(() => store.with('a', make, same, NEVER)));
  expect(new Set([...used, await store.with('a', make, same, NEVER)]).size).toBe(1);
  expect(made).toBe(1);
  await store.close();
  expect(existsSync(directory)).toBe(false);
});

test('a failed making leaves nothing and is tried again by the next', async () => {
  const store = new SnapshotStore(directory);
  const failing = async (at: string): Promise<VmSnapshot> => {
    writeFileSync(join(at, 'half'), 'x');
    throw new Error('no space');
  };
  await expect(store.with('a', failing, same, NEVER)).rejects.toThrow('no space');
  expect(readdirSync(directory)).toEqual([]);
  expect(await store.with('a', making(10), same, NEVER)).toContain(directory);
  await store.close();
});

test('one who gives up does not stop the making that others wait for', async () => {
  const store = new SnapshotStore(directory);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const make = async (at: string) => {
    await gate;
    return making(10)(at);
  };
  const controller = new AbortController();
  const impatient = store.with('a', make, same, controller.signal);
  const patient = store.with('a', make, same, NEVER);
  controller.abort(new Error('gave up'));
  await expect(impatient).rejects.toThrow('gave up');
  open();
  expect(await patient).toContain(directory);
  await store.close();
});

test('beyond the bounds those unused for longest go, never one that is in use', async () => {
  const store = new SnapshotStore(directory, { snapshotsMax: 2, bytesMax: 1_000 });
  const { promise: gate, resolve: leave } = Promise.withResolvers<void>();
  const held = store.with('a', making(10), () => gate, NEVER);
  for (const key of ['b', 'c', 'd']) await store.with(key, making(10), same, NEVER);
  // a is in use; of the others the two newest are within the bound.
  expect(readdirSync(directory).sort()).toEqual(['1', '3', '4']);
  leave();
  await held;
  expect(readdirSync(directory).sort()).toEqual(['3', '4']);
  await store.with('e', making(995), same, NEVER);
  expect(readdirSync(directory)).toEqual(['5']);
  await store.close();
});
