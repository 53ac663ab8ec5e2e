import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import type { ClassPool } from '../state/class-pool.ts';
import type { FunctionPool } from '../state/function-pool.ts';
import { keepAliveMs } from '../state/sandbox-class.ts';
import type { OwnedSandboxes } from '../steps/owned-sandboxes.ts';
import type { PlanState } from './plan.ts';

export interface PlanSources {
  classes: Iterable<ClassPool>;
  functions: Iterable<FunctionPool>;
  sandboxes: OwnedSandboxes;
  drivers: DriverSource;
  /** No refill before this time: a reply is about to leave. */
  refillHeldUntilMs: number;
  /** Memory limits of sandboxes that are not the pool's. */
  reservedMib: number;
}

/** What plan.ts looks at, read off the live pool in one go. */
export function planState(sources: PlanSources, nowMs: number): PlanState {
  const state = { classes: [], sandboxes: [], revisions: [], leavingMib: sources.reservedMib } as MutablePlanState;
  for (const entry of sources.sandboxes.all) {
    const { sandboxClass } = entry;
    const { limitMib, driver } = sandboxClass;
    if (entry.isGone) {
      state.leavingMib += limitMib;
      continue;
    }
    const isBusy = entry.isBusy;
    state.sandboxes.push({
      id: entry.sandbox.id,
      classKey: sandboxClass.key,
      revisionKey: entry.boundTo === null ? null : revisionPlanKey(entry.boundTo.target),
      isBusy,
      costMib: isBusy ? limitMib : entry.costMib(nowMs),
      limitMib,
      idleSinceMs: entry.idleSinceMs,
      keepAliveMs: keepAliveMs(driver.capabilities.typicalStartMs),
      startCostMs: driver.capabilities.typicalStartMs,
    });
  }
  for (const classPool of sources.classes) {
    const { key, isolation, runtime, limitMib } = classPool.sandboxClass;
    state.classes.push({
      key,
      isUsable: sources.drivers.get(isolation, runtime).state === 'usable',
      costMib: classPool.idleCostMib(nowMs),
      limitMib,
      wanted: classPool.wanted(),
      wantedInBackground: classPool.wantedInBackground(),
      creating: classPool.creating,
      target: classPool.target(nowMs),
      lastClaimMs: classPool.demand.lastClaimMs,
      retryAtMs: Math.max(classPool.retryAtMs, sources.refillHeldUntilMs),
    });
  }
  for (const owner of sources.functions) addMinWarm(state, owner);
  return state;
}

/** Revision keys are unique within a function only. */
export function revisionPlanKey({ functionId, key }: RunnableRevision): string {
  return `${functionId}\0${key}`;
}

type MutablePlanState = { [K in keyof PlanState]: PlanState[K] extends readonly (infer T)[] ? T[] : PlanState[K] };

function addMinWarm(state: MutablePlanState, owner: FunctionPool): void {
  for (const { target, minWarm } of owner.live) {
    const revision = minWarm === 0 ? undefined : owner.revisions.get(target.key);
    if (!revision?.sandboxClass) continue;
    state.revisions.push({
      key: revisionPlanKey(target),
      classKey: revision.sandboxClass.key,
      minWarm: Math.min(minWarm, owner.maxConcurrency),
      have: revision.have,
      retryAtMs: revision.retryAtMs,
    });
  }
}
