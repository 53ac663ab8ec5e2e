import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LEASE_MS, type NewInvocation, type QueueRound, type Settlement } from '../contract/queue-table.ts';
import { ELSEWHERE, HERE } from './examples.ts';
import { newInvocation, QUEUES, QueueModel, type QueueOp } from './queue-model.ts';
import type { OpenStore, StoreRig } from './store-rig.ts';

const OWNERS = ['server-1', 'server-2'] as const;
const CLAIM: QueueOp = { do: 'claim', queue: 0, owner: 0, limit: 1, nowMs: 2_000 };
/** Every statement that changes rows, aimed at the one row of a queue. */
const STATEMENTS: QueueOp[] = [
  CLAIM,
  { ...CLAIM, owner: 1 },
  ...(['finished', 'retrying', 'dead', 'queued'] as const).flatMap((to): QueueOp[] => [
    { do: 'settle', row: 0, owner: 0, isStale: false, to },
    { do: 'settle', row: 0, owner: 0, isStale: true, to },
    { do: 'settle', row: 0, owner: 1, isStale: false, to },
  ]),
  { do: 'takeOver', owner: 0, isDead: true },
  { do: 'takeOver', owner: 0, isDead: false },
  { do: 'expire', nowMs: 2_000 },
  { do: 'expire', nowMs: 1_000_000 },
  { do: 'cancel', row: 0 },
  { do: 'cancelWaiting', queue: 0 },
  { do: 'redrive', row: 0 },
  { do: 'told', row: 0 },
];
/** What leads to each state that a row can be in before the pair. */
const BEFORE: Record<string, QueueOp[]> = {
  waiting: [],
  running: [CLAIM],
  'running for the second time': [
    CLAIM,
    { do: 'settle', row: 0, owner: 0, isStale: false, to: 'queued' },
    { ...CLAIM, nowMs: 3_000 },
  ],
  'about to be cancelled': [CLAIM, { do: 'cancel', row: 0 }],
  dead: [CLAIM, { do: 'settle', row: 0, owner: 0, isStale: false, to: 'dead' }],
};

const rowNumber = fc.nat(3);
const owner = fc.nat(1);
const queue = fc.nat(1);
const op: fc.Arbitrary<QueueOp> = fc.oneof(
  fc.record({
    do: fc.constant('claim' as const),
    ...{ queue, owner, limit: fc.integer({ min: 1, max: 3 }), nowMs: fc.constantFrom(500, 2_000, 5_000, 60_000) },
  }),
  fc.record({
    do: fc.constant('settle' as const),
    ...{ row: rowNumber, owner, isStale: fc.boolean() },
    to: fc.constantFrom('finished' as const, 'retrying' as const, 'dead' as const, 'queued' as const),
  }),
  fc.record({ do: fc.constant('takeOver' as const), owner, isDead: fc.boolean() }),
  fc.record({ do: fc.constant('expire' as const), nowMs: fc.constantFrom(2_000, 60_000, 150_000) }),
  fc.record({ do: fc.constantFrom('cancel' as const, 'redrive' as const, 'told' as const), row: rowNumber }),
  fc.record({ do: fc.constant('cancelWaiting' as const), queue }),
);

/** What every engine promises of the durable queue. */
export function queueConformance(engine: string, openRig: () => Promise<StoreRig>): void {
  describe(`the queue on ${engine}`, () => {
    let rig: StoreRig;
    let store: OpenStore;
    beforeEach(async () => {
      rig = await openRig();
      store = await rig.openStore();
      for (const id of OWNERS) await store.servers.register({ id, instance: id }, 1);
    });
    afterEach(async () => {
      await store.close();
      await rig[Symbol.asyncDispose]();
    });

    const round = (over: Partial<QueueRound>) =>
      store.queue.round({ owner: OWNERS[0], nowMs: 2_000, settlements: [], claims: [], ...over });
    const claim = (limit: number, over: Partial<QueueRound> = {}) =>
      round({ claims: [{ ...QUEUES[0]!, limit }], ...over });
    const settlement = (id: string, fence: number, over: Partial<Settlement> = {}): Settlement => ({
      ...{ workspaceId: HERE, id, fence, state: 'finished', outcome: 'ok', reason: null, dueMs: null },
      ...{ isFailure: false, attempts: [], children: [] },
      ...over,
    });

    test('I4: an event comes back byte for byte, small and large, after a restart too', async () => {
      const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7) % 256);
      const sizes = [2, 4_096, 4_097, 1_048_576];
      await store.queue.accept(sizes.map((size) => newInvocation(`of-${size}`, { event: bytes(size) })));
      await store.close();
      store = await rig.openStore();
      const { claimed } = await claim(10);
      expect(claimed.map(({ id }) => id).sort()).toEqual(sizes.map((size) => `of-${size}`).sort());
      for (const { event, eventBytes } of claimed) expect(new Uint8Array(event)).toEqual(bytes(eventBytes));
    });

    test('many are stored by one statement or none of them: a repeated id refuses the whole', async () => {
      const many = Array.from({ length: 150 }, (_, at) => newInvocation(`n-${at}`));
      await store.queue.accept(many);
      await expect(store.queue.accept([newInvocation('new'), newInvocation('n-7')])).rejects.toThrow();
      expect(await store.in(HERE).queued.get('new')).toBeNull();
      expect(await store.queue.counts()).toEqual([
        { ...QUEUES[0], rows: 150, bytes: many.reduce((sum, { event }) => sum + event.byteLength, 0), dead: 0 },
      ]);
    });

    test('rows are claimed by due time, never more than asked for, never before they are due or after they are too old', async () => {
      const at = (id: string, dueMs: number, over: Partial<NewInvocation> = {}) =>
        newInvocation(id, { dueMs, ...over });
      await store.queue.accept([
        at('late', 1_900),
        at('soon', 2_001),
        at('first', 100),
        at('old', 50, { expiresMs: 2_000 }),
      ]);
      const one = await claim(1);
      expect(one.claimed).toMatchObject([{ id: 'first', state: 'running', attempt: 1, fence: 1, beganMs: 2_000 }]);
      const rest = await claim(10);
      expect(rest.claimed.map(({ id }) => id)).toEqual(['late']);
      expect(rest.nextDueMs).toEqual([{ queueKey: QUEUES[0]!.queueKey, dueMs: 50 }]);
      expect((await store.queue.expire(2_000)).map(({ id }) => id)).toEqual(['old']);
      expect((await claim(10)).nextDueMs).toEqual([{ queueKey: QUEUES[0]!.queueKey, dueMs: 2_001 }]);
    });

    test('an end is stored with its children, or neither is', async () => {
      await store.queue.accept([newInvocation('parent')]);
      const { claimed } = await claim(1);
      const child = newInvocation('child', { ...QUEUES[1]!, parentId: 'parent', rootId: 'parent', depth: 1 });
      const ended = settlement('parent', claimed[0]!.fence, { children: [child] });
      const stale = await round({ settlements: [{ ...ended, fence: 0 }] });
      expect([stale.settled, await store.in(HERE).queued.get('child')]).toEqual([[], null]);
      expect((await round({ settlements: [ended] })).settled).toEqual(['parent']);
      expect(await store.in(HERE).queued.get('child')).toMatchObject({ state: 'queued', parentId: 'parent' });
      const again = await round({ settlements: [ended] });
      expect(again.settled).toEqual([]);
    });

    test('many ends of one round each count once', async () => {
      await store.queue.accept(Array.from({ length: 75 }, (_, at) => newInvocation(`n-${at}`)));
      const { claimed } = await claim(75);
      const settlements = claimed.map(({ id, fence }) => settlement(id, fence));
      expect((await round({ settlements })).settled.sort()).toEqual(claimed.map(({ id }) => id).sort());
      expect(await store.queue.counts()).toEqual([]);
    });

    test('a dead server claims nothing, and what it ran is taken over only then', async () => {
      await store.queue.accept([newInvocation('a'), newInvocation('b')]);
      const { claimed } = await claim(1);
      expect(await store.queue.takeOver(OWNERS[0], 3_000)).toEqual([]);
      expect(await store.servers.bury(OWNERS[0], LEASE_MS)).toBe(false);
      expect(await store.servers.renew(OWNERS[0], 5_000)).toBe(true);
      expect(await store.servers.bury(OWNERS[0], LEASE_MS + 4_000)).toBe(false);
      expect(await store.servers.bury(OWNERS[0], LEASE_MS + 5_001)).toBe(true);
      expect(await store.servers.renew(OWNERS[0], 6_000)).toBe(false);
      expect((await claim(1)).claimed).toEqual([]);
      // Until somebody takes the row over, its end still counts: it ran once, and is stored once.
      expect(await store.queue.owners()).toEqual([OWNERS[0]]);
      expect((await store.queue.takeOver(OWNERS[0], 6_000)).map(({ id }) => id)).toEqual(['a']);
      const late = await round({ settlements: [settlement('a', claimed[0]!.fence)] });
      expect(late.settled).toEqual([]);
      const row = await store.in(HERE).queued.get('a');
      expect(row).toMatchObject({
        state: 'queued',
        losses: 1,
        failures: 0,
        attempts: [{ number: 1, code: 'server_lost' }],
      });
    });

    test('an event that loses five servers is dead, reason lost', async () => {
      await store.queue.accept([newInvocation('poison')]);
      for (let life = 1; life <= 5; life++) {
        await store.servers.register({ id: `life-${life}`, instance: 'i' }, life);
        expect((await claim(1, { owner: `life-${life}` })).claimed).toHaveLength(1);
        await store.servers.end(`life-${life}`);
        await store.queue.takeOver(`life-${life}`, 2_000);
      }
      expect(await store.in(HERE).queued.get('poison')).toMatchObject({ state: 'dead', reason: 'lost', attempt: 5 });
      expect(await store.in(HERE).queued.countDead({ reason: 'lost' }, 10)).toBe(1);
    });

    test('an ended row is told once; a finished one goes with its event, a dead one stays until it is pruned', async () => {
      const event = new Uint8Array(10_000).fill(32);
      await store.queue.accept([newInvocation('good', { event }), newInvocation('bad', { event })]);
      const { claimed } = await claim(2);
      const dead = { state: 'dead', reason: 'exhausted', outcome: 'error', isFailure: true } as const;
      const settlements = claimed.map(({ id, fence }) => settlement(id, fence, id === 'bad' ? dead : {}));
      await round({ settlements });
      const untold = await store.queue.ended(2_000, 10);
      expect(untold.map(({ id, state }) => [id, state])).toEqual([
        ['bad', 'dead'],
        ['good', 'finished'],
      ]);
      expect(await store.queue.pruneDead(9_000)).toBe(0);
      await store.queue.told(untold);
      expect(await store.queue.ended(9_000, 10)).toEqual([]);
      expect(await store.in(HERE).queued.get('good')).toBeNull();
      expect(await store.queue.pruneDead(1_999)).toBe(0);
      expect(await store.in(HERE).queued.redrive([{ id: 'bad', expiresMs: 90_000 }], 3_000)).toHaveLength(1);
      const [again] = (await claim(1, { nowMs: 3_000 })).claimed;
      expect([again?.id, again?.attempt, again?.event.byteLength]).toEqual(['bad', 2, 10_000]);
      await round({ settlements: [settlement('bad', again!.fence, dead)] });
      await store.queue.told([{ workspaceId: HERE, id: 'bad' }]);
      expect(await store.queue.pruneDead(9_000)).toBe(1);
    });

    test('rows of another workspace are neither seen nor changed', async () => {
      await store.queue.accept([newInvocation('a'), newInvocation('dead')]);
      const { claimed } = await claim(2);
      const dead = claimed.find(({ id }) => id === 'dead')!;
      const ended = { state: 'dead', reason: 'exhausted', outcome: 'error' } as const;
      await round({ settlements: [settlement('dead', dead.fence, ended)] });
      const there = store.in(ELSEWHERE).queued;
      expect(await there.get('a')).toBeNull();
      expect(await there.byIds(['a', 'dead'])).toEqual([]);
      expect((await there.list({}, { limit: 10 })).items).toEqual([]);
      expect(await there.cancel('a', 1)).toEqual({ kind: 'unknown' });
      expect(await there.redrive([{ id: 'dead', expiresMs: 1 }], 1)).toEqual([]);
      expect(await there.cancelWaiting(QUEUES[0]!.queueKey, 1)).toEqual([]);
      expect(await there.countDead({}, 10)).toBe(0);
      await store.in(HERE).queued.setPaused('fn-a', 5);
      expect(await there.setPaused('fn-a', null)).toBe(false);
      const elsewhere = { ...settlement('a', claimed[0]!.fence), workspaceId: ELSEWHERE };
      expect((await round({ settlements: [elsewhere] })).settled).toEqual([]);
    });

    test('lists are newest first, by state, function and reason, and page without holes', async () => {
      await store.queue.accept(Array.from({ length: 7 }, (_, at) => newInvocation(`n-${at}`, QUEUES[at % 2]!)));
      const { claimed } = await claim(2);
      const ended = { state: 'dead', reason: 'not_retryable', outcome: 'error' } as const;
      await round({ settlements: [settlement(claimed[0]!.id, claimed[0]!.fence, ended)] });
      const { queued } = store.in(HERE);
      const idsOf = async (filter: Parameters<typeof queued.list>[0], limit = 10) => {
        const ids: string[] = [];
        for (let cursor: string | undefined; ; ) {
          const page = await queued.list(filter, { limit, cursor });
          ids.push(...page.items.map(({ id }) => id));
          if (page.nextCursor === null) return ids;
          cursor = page.nextCursor;
        }
      };
      expect(await idsOf({}, 3)).toEqual(['n-6', 'n-5', 'n-4', 'n-3', 'n-2', 'n-1', 'n-0']);
      expect(await idsOf({ state: 'dead' })).toEqual(['n-0']);
      expect(await idsOf({ reason: 'not_retryable' })).toEqual(['n-0']);
      expect(await idsOf({ state: 'running' })).toEqual(['n-2']);
      expect(await idsOf({ state: 'queued', functionId: 'fn-b' }, 2)).toEqual(['n-5', 'n-3', 'n-1']);
      expect(await idsOf({ fromMs: 1_001 })).toEqual([]);
      expect(await store.queue.waiting()).toEqual([
        { ...QUEUES[0], dueMs: 1_000, acceptedMs: 1_000 },
        { ...QUEUES[1], dueMs: 1_000, acceptedMs: 1_000 },
      ]);
    });

    test('a pause is told to other servers once, and ends', async () => {
      const { queued } = store.in(HERE);
      expect(await queued.setPaused('fn-a', 5)).toBe(true);
      expect(await queued.setPaused('fn-a', 6)).toBe(false);
      expect(await store.across.pausedQueues()).toEqual([{ workspaceId: HERE, functionId: 'fn-a', pausedMs: 5 }]);
      expect(await queued.setPaused('fn-a', null)).toBe(true);
      expect(await store.across.pausedQueues()).toEqual([]);
      const { changes } = await store.changes.since(0);
      expect(changes).toMatchObject([
        { topic: 'queue', id: 'fn-a' },
        { topic: 'queue', id: 'fn-a' },
      ]);
    });

    test('two servers that claim at once never get one row twice', async () => {
      const other = await rig.openStore();
      try {
        await store.queue.accept(Array.from({ length: 200 }, (_, at) => newInvocation(`n-${at}`)));
        const claims = [{ ...QUEUES[0]!, limit: 7 }];
        const rounds = await Promise.all(
          Array.from({ length: 40 }, (_, at) =>
            [store, other][at % 2]!.queue.round({ owner: OWNERS[at % 2]!, nowMs: 2_000, settlements: [], claims }),
          ),
        );
        const ids = rounds.flatMap(({ claimed }) => claimed.map(({ id }) => id));
        expect([ids.length, new Set(ids).size]).toEqual([200, 200]);
      } finally {
        await other.close();
      }
    });

    test.each(Object.entries(BEFORE))(
      'a row that is %s comes out of any two statements, in either order, as the model says',
      async (_state, before) => {
        const faults: string[] = [];
        for (const first of STATEMENTS)
          for (const second of STATEMENTS) {
            const model = await QueueModel.open(store, `${STATEMENTS.indexOf(first)}-${STATEMENTS.indexOf(second)}-`);
            await model.accept(0, 1);
            for (const one of [...before, first, second]) {
              const fault = await model.run(one);
              if (fault !== null) faults.push(fault);
            }
            await model.clear();
          }
        expect(faults).toEqual([]);
      },
      60_000,
    );

    test('I4: whatever statements run in whatever order, rows are what the model says', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async (ops) => {
          const model = await QueueModel.open(store, `run-${run++}-`);
          await model.accept(0, 2);
          await model.accept(1, 2, 50_000);
          try {
            for (const one of ops) expect(await model.run(one)).toBeNull();
          } finally {
            await model.clear();
          }
        }),
        { numRuns: 60 },
      );
    }, 120_000);
  });
}
