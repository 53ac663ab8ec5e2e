import type { DriverSource } from '../../isolations/isolation-registry.ts';
import type { ClassDesk } from '../state/class-pool.ts';
import type { FunctionDesk } from '../state/function-pool.ts';
import { keepAliveMs } from '../state/sandbox-class.ts';
import type { Roster } from '../steps/retire-sandboxes.ts';
import type { PlanState } from './plan.ts';

export interface PlanSources {
  desks: Iterable<ClassDesk>;
  functions: Iterable<FunctionDesk>;
  roster: Roster;
  drivers: DriverSource;
  /** No refill before this time: a reply is about to leave. */
  refillHeldUntilMs: number;
  /** Memory limits of sandboxes that are not the pool's. */
  reservedMib: number;
}

/** What plan.ts looks at, read off the live pool in one go. */
export function planState(sources: PlanSources, nowMs: number): PlanState {
  const state = { classes: [], sandboxes: [], revisions: [], leavingMib: sources.reservedMib } as MutablePlanState;
  for (const entry of sources.roster.all) {
    const { limitMib, driver, sandboxClass } = entry.desk;
    if (entry.isGone) {
      state.leavingMib += limitMib;
      continue;
    }
    const isBusy = entry.isBusy;
    state.sandboxes.push({
      id: entry.sandbox.id,
      classKey: sandboxClass.key,
      revisionKey: entry.home === null ? null : revisionPlanKey(entry.home.owner.id, entry.home.target.key),
      isBusy,
      costMib: isBusy ? limitMib : entry.costMib(nowMs),
      limitMib,
      idleSinceMs: entry.idleSinceMs,
      keepAliveMs: keepAliveMs(driver.capabilities.typicalStartMs),
      startCostMs: driver.capabilities.typicalStartMs,
    });
  }
  for (const desk of sources.desks) {
    const { key, isolation, runtime } = desk.sandboxClass;
    state.classes.push({
      key,
      isUsable: sources.drivers.get(isolation, runtime).state === 'usable',
      costMib: desk.idleCostMib,
      limitMib: desk.limitMib,
      wanted: desk.wanted(),
      creating: desk.creating,
      target: desk.target(nowMs),
      lastClaimMs: desk.demand.lastClaimMs,
      retryAtMs: Math.max(desk.retryAtMs, sources.refillHeldUntilMs),
    });
  }
  for (const owner of sources.functions) addMinWarm(state, owner);
  return state;
}

/** Revision keys are unique within a function only. */
export function revisionPlanKey(functionId: string, key: string): string {
  return `${functionId}\0${key}`;
}

type MutablePlanState = { [K in keyof PlanState]: PlanState[K] extends readonly (infer T)[] ? T[] : PlanState[K] };

function addMinWarm(state: MutablePlanState, owner: FunctionDesk): void {
  const { current } = owner;
  if (current === null || current.settings.minWarm === 0 || owner.isDeleted) return;
  const revision = owner.revisions.get(current.key);
  if (!revision?.desk) return;
  const minWarm = Math.min(current.settings.minWarm, current.settings.maxConcurrency);
  state.revisions.push({
    key: revisionPlanKey(owner.id, current.key),
    classKey: revision.desk.sandboxClass.key,
    minWarm,
    have: revision.have,
    retryAtMs: revision.retryAtMs,
  });
}
