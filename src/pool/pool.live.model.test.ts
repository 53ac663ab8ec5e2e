import fc from 'fast-check';
import { expect, test } from 'vitest';
import { follow, LATEST, liveFunction, type Pointer } from '../domain/pointers.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { revisionOf, Testbed, until } from './testing/pool-testbed.ts';
import type { AcquireResult, Lease } from './types.ts';

const FUNCTIONS = ['a', 'b'];
const ALIASES = ['live', 'next'];
const SETTLE_MS = 8_000;

type Step =
  | { do: 'deploy'; fn: number }
  | { do: 'publish'; fn: number }
  | { do: 'alias'; fn: number; name: number; versions: [number, number]; weight: number; minWarm: number }
  | { do: 'unname'; fn: number; at: number }
  | { do: 'settings'; fn: number; maxConcurrency: number; minWarm: number }
  | { do: 'delete'; fn: number }
  | { do: 'call'; fn: number; name: number; draw: number; isBrief: boolean }
  | { do: 'callHeld'; at: number }
  | { do: 'release'; at: number }
  | { do: 'kill'; at: number }
  | { do: 'failCreates'; count: number }
  | { do: 'turn'; count: number };

const fn = fc.nat(1);
const small = fc.nat(2);
const at = fc.nat(9);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('deploy' as const), fn }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), fn }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('alias' as const),
      ...{ fn, name: fc.nat(1), versions: fc.tuple(small, small), weight: fc.integer({ min: 1, max: 99 }) },
      minWarm: small,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unname' as const), fn, at: small }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('settings' as const), fn, maxConcurrency: fc.nat(4), minWarm: small }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), fn }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      ...{ fn, name: fc.nat(5), draw: fc.nat(99).map((it) => it / 100), isBrief: fc.boolean() },
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('callHeld' as const), at }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('release' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failCreates' as const), count: small }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('turn' as const), count: fc.integer({ min: 1, max: 8 }) }) },
) as fc.Arbitrary<Step>;

/** A function as a catalog with versions and aliases would keep it. */
class ModelFunction {
  readonly name: string;
  pointers = new Map<string, Pointer>();
  settings = { maxConcurrency: 3, minWarm: 0 };
  #revisions = 0;
  #versions: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get id(): string {
    return `id-${this.name}`;
  }

  deploy(): void {
    this.#revisions++;
    const { minWarm } = this.settings;
    this.pointers.set(LATEST, { targets: [this.#target(this.#revisions, LATEST)], minWarm, isStocked: true });
  }

  publish(): void {
    if (this.#revisions === 0) return;
    const version = this.#versions.push(this.#revisions);
    const targets = [this.#target(this.#revisions, String(version))];
    this.pointers.set(String(version), { targets, minWarm: 0, isStocked: false });
  }

  alias({ name, versions, weight, minWarm }: Extract<Step, { do: 'alias' }>): void {
    const [first, second] = versions.map((one) => this.#versionAt(one));
    if (first === undefined || second === undefined) return;
    const targets = [{ ...first, weight }];
    if (second.target.key !== first.target.key) targets.push({ ...second, weight: 100 - weight });
    this.pointers.set(ALIASES[name]!, { targets, minWarm, isStocked: true });
  }

  unname(index: number): void {
    const names = [...this.pointers.keys()].filter((name) => name !== LATEST);
    this.pointers.delete(names[index % Math.max(1, names.length)] ?? '');
  }

  change(settings: ModelFunction['settings']): void {
    this.settings = settings;
    const latest = this.pointers.get(LATEST);
    if (latest) this.pointers.set(LATEST, { ...latest, minWarm: settings.minWarm });
  }

  delete(): void {
    this.pointers = new Map();
    this.#versions = [];
  }

  live() {
    return liveFunction(this.pointers, revisionOf(this.name, 'any', this.settings).functionSettings);
  }

  /** The hash of its package is its key, so that what runs tells revision and label. */
  #target(revision: number, version: string) {
    return {
      target: { ...revisionOf(this.name, `${this.name}-r${revision}:${version}`, this.settings), version },
      weight: 1,
    };
  }

  #versionAt(index: number) {
    const version = (index % Math.max(1, this.#versions.length)) + 1;
    const revision = this.#versions[version - 1];
    return revision === undefined ? undefined : this.#target(revision, String(version));
  }
}

interface Held {
  lease: Lease;
  target: RunnableRevision;
  /** Its call is over: only then may a lease go back. */
  isSettled: boolean;
}

/** Random use of a real pool over the guard, by names that move meanwhile; checked from outside after every step. */
class Model {
  readonly bed: Testbed;
  readonly functions = FUNCTIONS.map((name) => new ModelFunction(name));
  readonly held: Held[] = [];
  readonly faults: string[] = [];
  readonly seen: RunnableRevision[] = [];
  readonly killed = new Set<string>();
  readonly onceRetired = new Set<string>();
  asked = 0;
  answered = 0;
  failCreates = 0;

  constructor() {
    this.bed = new Testbed({
      resolve:
        ({ sha256 }) =>
        (_event, call) =>
          `${sha256} ${call.settings.functionVersion}`,
      onCreate: () => {
        if (this.failCreates-- > 0) throw new Error('planned failure');
      },
      pool: { readyBaseline: 1, idleBudgetMib: 100_000 },
    });
  }

  async run(it: Step): Promise<void> {
    if (it.do === 'turn') for (let turn = 0; turn < it.count; turn++) await new Promise((done) => setImmediate(done));
    else if (it.do === 'call') this.#callByName(this.functions[it.fn]!, it);
    else if (it.do === 'callHeld') this.#acquire(this.seen[this.seen.length - 1 - it.at], true);
    else if (it.do === 'release') this.#release(this.held.filter(({ isSettled }) => isSettled)[it.at]);
    else if (it.do === 'failCreates') this.failCreates = it.count;
    else if (it.do === 'kill') this.#kill(it.at);
    else this.#change(this.functions[it.fn]!, it);
    this.check();
  }

  #change(
    fn: ModelFunction,
    it: Extract<Step, { do: 'deploy' | 'publish' | 'alias' | 'unname' | 'settings' | 'delete' }>,
  ) {
    if (it.do === 'deploy') fn.deploy();
    else if (it.do === 'publish') fn.publish();
    else if (it.do === 'alias') fn.alias(it);
    else if (it.do === 'unname') fn.unname(it.at);
    else if (it.do === 'settings') fn.change(it);
    else fn.delete();
    this.bed.setLiveFunction(fn.id, fn.pointers.size === 0 ? null : fn.live());
  }

  #callByName(fn: ModelFunction, it: Extract<Step, { do: 'call' }>): void {
    const pointers = [...fn.pointers.values()];
    const pointer = pointers[it.name % Math.max(1, pointers.length)];
    if (pointer === undefined) return;
    const target = follow(pointer, () => it.draw);
    this.seen.push(target);
    this.#acquire(target, it.isBrief);
  }

  #acquire(target: RunnableRevision | undefined, isBrief: boolean): void {
    if (target === undefined) return;
    const warm = this.bed.pool.acquireWarm(target);
    if (warm !== null) {
      this.#granted(warm, target);
      return;
    }
    this.asked++;
    const queueDeadlineMs = performance.now() + (isBrief ? 1 : 3_000);
    this.bed.pool.acquire(target, { queueDeadlineMs, signal: null, exclusive: false }, (result: AcquireResult) => {
      this.answered++;
      if (result.kind === 'lease') this.#granted(result.lease, target);
    });
  }

  /** maxConcurrency holds over all revisions, as it is now; the call runs what it asked for. */
  #granted(lease: Lease, target: RunnableRevision): void {
    const held: Held = { lease, target, isSettled: !lease.sandbox.alive };
    this.held.push(held);
    const fn = this.functions.find(({ id }) => id === target.functionId)!;
    const count = this.held.filter((it) => it.target.functionId === target.functionId).length;
    if (fn.pointers.size > 0 && count > fn.settings.maxConcurrency) this.faults.push(`${count} calls of ${fn.name}`);
    const asked = JSON.stringify(`${target.key} ${target.version}`);
    if (held.isSettled) return;
    lease.sandbox.invoke(
      {
        ...{ requestId: lease.sandbox.id, functionArn: target.functionArn, timeoutMs: 3_000, traceId: null },
        ...{ event: new Uint8Array(), stream: null },
      },
      (reply) => {
        const ran = reply.kind === 'result' ? Buffer.from(reply.body).toString() : asked;
        if (ran !== asked) this.faults.push(`I3: ${ran} ran for ${asked}`);
      },
      () => {
        held.isSettled = true;
      },
    );
  }

  #release(held: Held | undefined): void {
    if (held === undefined) return;
    this.held.splice(this.held.indexOf(held), 1);
    held.lease.release();
  }

  #kill(index: number): void {
    const box = [...this.bed.driver.boxes.values()][index];
    if (box === undefined) return;
    this.killed.add(box.id);
    box.kill();
  }

  #liveKeys(): Set<string> {
    return new Set(this.functions.flatMap((one) => one.live().revisions.map(({ target }) => target.key)));
  }

  /** No sandbox of a revision that was live all its life was given up, whatever else changed. */
  check(): void {
    const live = this.#liveKeys();
    const states = new Map(this.bed.pool.snapshot().sandboxes.map(({ id, state }) => [id, state]));
    for (const { id, code } of this.bed.driver.boxes.values()) {
      if (code === null) continue;
      if (!live.has(code.sha256)) this.onceRetired.add(id);
      else if (!this.killed.has(id) && !this.onceRetired.has(id)) expect(states.get(id)).not.toBe('dead');
    }
    expect(this.faults).toEqual([]);
  }

  /** Once nothing runs and nobody waits, what is bound is bound to a live revision, and minWarm is there. */
  async settle(): Promise<void> {
    this.failCreates = 0;
    const isQuiet = () => {
      for (const held of this.held.filter(({ isSettled }) => isSettled)) this.#release(held);
      return this.answered >= this.asked && this.held.length === 0;
    };
    await until('an answer for every caller', isQuiet, SETTLE_MS);
    expect(this.answered).toBe(this.asked);
    expect(this.faults).toEqual([]);
    const live = this.#liveKeys();
    const bound = () => [...this.bed.driver.boxes.values()].flatMap(({ code }) => (code === null ? [] : [code.sha256]));
    await until('nothing kept of what is not live', () => bound().every((key) => live.has(key)), SETTLE_MS);
    const wanted = this.functions.flatMap((one) => {
      const { maxConcurrency, revisions } = one.live();
      return revisions.map(({ target, minWarm }) => ({ key: target.key, count: Math.min(minWarm, maxConcurrency) }));
    });
    const hasMinWarm = () => {
      const keys = bound();
      return wanted.every(({ key, count }) => keys.filter((one) => one === key).length >= count);
    };
    await until('minWarm of every live revision', hasMinWarm, SETTLE_MS);
  }

  async finish(): Promise<void> {
    await this.settle();
    for (const one of this.functions) this.#change(one, { do: 'delete', fn: 0 });
    await this.settle();
    await this.bed.stop();
  }
}

test('I3, I9: whatever is deployed, published, weighted, unnamed, changed, deleted, killed and called in whatever order, every call runs the revision its name led to, a live revision keeps its sandboxes, any other keeps none, and maxConcurrency holds over all of them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120 }), async (steps) => {
      const model = new Model();
      await model.bed.start();
      try {
        for (const it of steps) await model.run(it);
      } finally {
        await model.finish();
      }
    }),
    { numRuns: 120, endOnFailure: false },
  );
}, 120_000);
