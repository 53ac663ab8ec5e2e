import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlanAction, type PlanClass, type PlanSandbox, type PlanSettings, type PlanState, plan } from './plan.ts';

const NOW_MS = 10_000_000;
const CLASS_KEYS = ['a', 'b', 'c'];
const SETTINGS: PlanSettings = { idleBudgetMib: 1_000, limitTotalMib: 4_000, refillMax: 1, demandMax: 4 };

function aClass(over: Partial<PlanClass> = {}): PlanClass {
  return {
    key: 'a',
    isUsable: true,
    costMib: 40,
    limitMib: 128,
    wanted: 0,
    wantedInBackground: 0,
    creating: 0,
    target: 0,
    lastClaimMs: 0,
    retryAtMs: 0,
    ...over,
  };
}

function aSandbox(over: Partial<PlanSandbox> = {}): PlanSandbox {
  return {
    id: 's1',
    classKey: 'a',
    revisionKey: null,
    isBusy: false,
    costMib: 40,
    limitMib: 128,
    idleSinceMs: NOW_MS,
    keepAliveMs: 600_000,
    startCostMs: 100,
    ...over,
  };
}

const stateOf = (over: Partial<PlanState>): PlanState => ({
  classes: [],
  sandboxes: [],
  revisions: [],
  leavingMib: 0,
  ...over,
});

const arbitraryState: fc.Arbitrary<PlanState> = fc
  .record({
    classes: fc.tuple(
      ...CLASS_KEYS.map((key) =>
        fc.record({
          key: fc.constant(key),
          isUsable: fc.boolean(),
          costMib: fc.integer({ min: 1, max: 300 }),
          limitMib: fc.integer({ min: 64, max: 2_000 }),
          wanted: fc.nat(5),
          wantedInBackground: fc.oneof(fc.constant(0), fc.nat(5)),
          creating: fc.nat(2),
          target: fc.nat(5),
          lastClaimMs: fc.nat(NOW_MS),
          retryAtMs: fc.constantFrom(0, NOW_MS + 1),
        }),
      ),
    ),
    sandboxes: fc.array(
      fc.record({
        classKey: fc.constantFrom(...CLASS_KEYS),
        revisionKey: fc.constantFrom(null, 'r1', 'r2', 'r3'),
        isBusy: fc.boolean(),
        costMib: fc.integer({ min: 1, max: 300 }),
        limitMib: fc.integer({ min: 64, max: 2_000 }),
        idleSinceMs: fc.integer({ min: NOW_MS - 4_000_000, max: NOW_MS }),
        keepAliveMs: fc.constantFrom(60_000, 600_000),
        startCostMs: fc.integer({ min: 1, max: 600 }),
      }),
      { maxLength: 25 },
    ),
    minWarm: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)),
    leavingMib: fc.nat(500),
  })
  .map(({ classes, sandboxes, minWarm, leavingMib }) => {
    const all = sandboxes.map((it, at) => ({
      ...it,
      id: `s${at}`,
      isBusy: it.revisionKey !== null && it.isBusy,
    }));
    const revisions = minWarm.map((min, at) => {
      const key = `r${at + 1}`;
      const have = all.filter((it) => it.revisionKey === key).length;
      return { key, classKey: CLASS_KEYS[at]!, minWarm: min, have, retryAtMs: 0 };
    });
    return { classes, sandboxes: all, revisions, leavingMib };
  });

const arbitrarySettings: fc.Arbitrary<PlanSettings> = fc.record({
  idleBudgetMib: fc.integer({ min: 0, max: 3_000 }),
  limitTotalMib: fc.integer({ min: 0, max: 30_000 }),
  refillMax: fc.integer({ min: 1, max: 4 }),
  demandMax: fc.integer({ min: 1, max: 8 }),
});

/** The state once every action is done: evicted gone, warmed bound, created still under way. */
function after(state: PlanState, actions: PlanAction[]): PlanState {
  const gone = new Set(actions.flatMap((it) => (it.do === 'evict' ? [it.sandboxId] : [])));
  const sandboxes = state.sandboxes.filter((it) => !gone.has(it.id)).map((it) => ({ ...it }));
  const classes = state.classes.map((it) => ({ ...it }));
  const revisions = state.revisions.map((it) => ({ ...it }));
  let count = 0;
  for (const action of actions) {
    if (action.do === 'create') classes.find((it) => it.key === action.classKey)!.creating++;
    if (action.do !== 'warm') continue;
    const revision = revisions.find((it) => it.key === action.revisionKey)!;
    const from = classes.find((it) => it.key === revision.classKey)!;
    revision.have++;
    const [ready] = sandboxes
      .filter((it) => it.revisionKey === null && it.classKey === from.key)
      .sort((a, b) => b.idleSinceMs - a.idleSinceMs || (a.id < b.id ? -1 : 1));
    if (ready) ready.revisionKey = revision.key;
    else {
      sandboxes.push(
        aSandbox({
          id: `warmed${count++}`,
          classKey: from.key,
          revisionKey: revision.key,
          costMib: from.costMib,
          limitMib: from.limitMib,
        }),
      );
    }
  }
  return { classes, sandboxes, revisions, leavingMib: state.leavingMib };
}

const wantedOf = ({ wanted, wantedInBackground }: PlanClass) => wanted + wantedInBackground;
const refillsOf = (state: PlanState) =>
  state.classes.reduce((sum, it) => sum + Math.max(0, it.creating - wantedOf(it)), 0);
const callersOf = (state: PlanState) => state.classes.reduce((sum, it) => sum + Math.min(it.creating, wantedOf(it)), 0);
const idleMib = (state: PlanState) =>
  state.sandboxes.filter((it) => !it.isBusy).reduce((sum, it) => sum + it.costMib, 0) +
  state.classes.reduce((sum, it) => sum + Math.max(0, it.creating - wantedOf(it)) * it.costMib, 0);
const limitMib = (state: PlanState) =>
  state.leavingMib +
  state.sandboxes.reduce((sum, it) => sum + it.limitMib, 0) +
  state.classes.reduce((sum, it) => sum + it.creating * it.limitMib, 0);
const evictions = (actions: PlanAction[]) => actions.filter((it) => it.do === 'evict');

function always(check: (state: PlanState, settings: PlanSettings, actions: PlanAction[], next: PlanState) => void) {
  fc.assert(
    fc.property(arbitraryState, arbitrarySettings, (state, settings) => {
      const actions = plan(state, settings, NOW_MS);
      check(state, settings, actions, after(state, actions));
    }),
    { numRuns: 2_000 },
  );
}

describe('plan, whatever the state', () => {
  test('P1: a busy sandbox is never evicted, and no sandbox twice', () => {
    always((state, _settings, actions) => {
      const ids = evictions(actions).map((it) => it.sandboxId);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(state.sandboxes.find((it) => it.id === id)?.isBusy).toBe(false);
    });
  });

  test('P2: the idle memory fits the budget, or nothing idle is left', () => {
    always((_state, settings, _actions, next) => {
      if (idleMib(next) > settings.idleBudgetMib) expect(next.sandboxes.every((it) => it.isBusy)).toBe(true);
    });
  });

  test('P3: refills and creates for callers stay within their bounds', () => {
    always((state, settings, actions, next) => {
      if (actions.some((it) => it.do === 'create' && it.purpose === 'refill')) {
        expect(refillsOf(next)).toBeLessThanOrEqual(settings.refillMax);
      }
      expect(callersOf(next)).toBeLessThanOrEqual(Math.max(settings.demandMax, callersOf(state)));
    });
  });

  test('P4: the sum of memory limits stays bounded, or nothing is created', () => {
    always((state, settings, actions, next) => {
      if (limitMib(next) > settings.limitTotalMib) {
        expect(actions.some((it) => it.do === 'create')).toBe(false);
        expect(limitMib(next)).toBeLessThanOrEqual(limitMib(state));
      }
    });
  });

  test('P5: what makes up minWarm goes only when nothing else idle is left', () => {
    always((state, settings, actions) => {
      const calm = plan({ ...state, revisions: [] }, settings, NOW_MS);
      if (evictions(calm).length === 0) {
        for (const { sandboxId } of evictions(actions)) {
          const it = state.sandboxes.find((candidate) => candidate.id === sandboxId)!;
          const revision = state.revisions.find((candidate) => candidate.key === it.revisionKey);
          const idle = state.sandboxes.filter((other) => !other.isBusy && other.revisionKey === it.revisionKey);
          expect(revision === undefined || idle.length > revision.minWarm).toBe(true);
        }
      }
    });
  });

  test('P6: planning again at once evicts nothing, and the plan is a function of its input', () => {
    always((state, settings, actions, next) => {
      expect(plan(state, settings, NOW_MS)).toEqual(actions);
      // Work that may wait was put off behind callers: its turn is the next plan's.
      const wasPutOff = state.classes.some((it) => it.isUsable && it.wanted > it.creating);
      if (wasPutOff && state.classes.some((it) => it.wantedInBackground > 0)) return;
      if (idleMib(next) <= settings.idleBudgetMib) expect(evictions(plan(next, settings, NOW_MS))).toEqual([]);
    });
  });

  test('P10: work that may wait starts sandboxes after callers, one fewer at once, within three quarters of the memory', () => {
    always((state, settings, actions, next) => {
      const started = actions.filter((it) => it.do === 'create' && it.purpose === 'background');
      if (started.length === 0) return;
      expect(state.classes.some((it) => it.isUsable && it.wanted > it.creating)).toBe(false);
      expect(callersOf(next)).toBeLessThanOrEqual(Math.max(1, settings.demandMax - 1));
      const refilledMib = actions.map((it) =>
        it.do === 'create' && it.purpose === 'refill'
          ? state.classes.find(({ key }) => key === it.classKey)!.limitMib
          : 0,
      );
      const warmed = actions.some((it) => it.do === 'warm');
      if (!warmed) {
        const withoutRefills = limitMib(next) - refilledMib.reduce((sum, mib) => sum + mib, 0);
        expect(withoutRefills).toBeLessThanOrEqual(settings.limitTotalMib * 0.75);
      }
    });
  });

  test('P7, P8: no refill while a caller waits for a create, nor for an unusable class or one in back-off', () => {
    always((state, _settings, actions) => {
      for (const action of actions) {
        if (action.do !== 'create') continue;
        const it = state.classes.find((candidate) => candidate.key === action.classKey)!;
        expect(it.isUsable).toBe(true);
        if (action.purpose === 'background') expect(wantedOf(it)).toBeGreaterThan(it.creating);
        else if (action.purpose === 'caller') expect(it.wanted).toBeGreaterThan(it.creating);
        else {
          expect(it.retryAtMs).toBeLessThanOrEqual(NOW_MS);
          expect(state.classes.some((other) => other.isUsable && other.wanted > other.creating)).toBe(false);
        }
      }
    });
  });
});

describe('plan, by example', () => {
  test('an empty pool is refilled to its target, so many at once', () => {
    const state = stateOf({ classes: [aClass({ target: 2 })] });
    expect(plan(state, { ...SETTINGS, refillMax: 1 }, NOW_MS)).toEqual([
      { do: 'create', classKey: 'a', purpose: 'refill' },
    ]);
    expect(plan(state, { ...SETTINGS, refillMax: 8 }, NOW_MS)).toHaveLength(2);
  });

  test('P5: minWarm takes a ready sandbox when there is one, and is not honoured beyond the budget', () => {
    const revisions = [{ key: 'r1', classKey: 'a', minWarm: 2, have: 0, retryAtMs: 0 }];
    const state = stateOf({ classes: [aClass()], sandboxes: [aSandbox()], revisions });
    const warm = { do: 'warm', revisionKey: 'r1' };
    expect(plan(state, SETTINGS, NOW_MS)).toEqual([warm, warm]);
    expect(plan(state, { ...SETTINGS, idleBudgetMib: 50 }, NOW_MS)).toEqual([warm]);
    expect(plan(state, { ...SETTINGS, idleBudgetMib: 0 }, NOW_MS)).toEqual([
      { do: 'evict', sandboxId: 's1', reason: 'evicted' },
    ]);
  });

  test('P9: over budget, the cheap start goes before the dear one and the long unused before the fresh', () => {
    const cheap = aSandbox({ id: 'cheap', revisionKey: 'r1', startCostMs: 10 });
    const dear = aSandbox({ id: 'dear', revisionKey: 'r2', startCostMs: 300 });
    const settings = { ...SETTINGS, idleBudgetMib: 40 };
    expect(plan(stateOf({ classes: [aClass()], sandboxes: [cheap, dear] }), settings, NOW_MS)).toEqual([
      { do: 'evict', sandboxId: 'cheap', reason: 'evicted' },
    ]);
    const stale = aSandbox({ id: 'stale', revisionKey: 'r2', startCostMs: 300, idleSinceMs: NOW_MS - 500_000 });
    expect(plan(stateOf({ classes: [aClass()], sandboxes: [cheap, stale] }), settings, NOW_MS)).toEqual([
      { do: 'evict', sandboxId: 'stale', reason: 'evicted' },
    ]);
  });

  test('a bound one past its keep-alive expires, unless minWarm wants it', () => {
    const old = aSandbox({ revisionKey: 'r1', idleSinceMs: NOW_MS - 600_000 });
    const state = stateOf({ classes: [aClass()], sandboxes: [old] });
    expect(plan(state, SETTINGS, NOW_MS)).toEqual([{ do: 'evict', sandboxId: 's1', reason: 'idle_expired' }]);
    const revisions = [{ key: 'r1', classKey: 'a', minWarm: 1, have: 1, retryAtMs: 0 }];
    expect(plan({ ...state, revisions }, SETTINGS, NOW_MS)).toEqual([]);
  });

  test('P4: a caller’s create takes the place of idle ones, and waits when all are busy', () => {
    const classes = [aClass({ wanted: 1 })];
    const settings = { ...SETTINGS, limitTotalMib: 200 };
    expect(plan(stateOf({ classes, sandboxes: [aSandbox({ revisionKey: 'r1' })] }), settings, NOW_MS)).toEqual([
      { do: 'evict', sandboxId: 's1', reason: 'evicted' },
      { do: 'create', classKey: 'a', purpose: 'caller' },
    ]);
    const busy = [aSandbox({ revisionKey: 'r1', isBusy: true })];
    expect(plan(stateOf({ classes, sandboxes: busy }), settings, NOW_MS)).toEqual([]);
  });
});
