import type { Isolation } from '../domain/names.ts';
import type { ClassPool } from './state/class-pool.ts';
import type { FunctionPool } from './state/function-pool.ts';
import type { OwnedSandboxes } from './steps/owned-sandboxes.ts';
import type { PoolSnapshot } from './types.ts';

export interface SnapshotSources {
  idleBudgetMib: number;
  classes: Iterable<ClassPool>;
  functions: Iterable<FunctionPool>;
  sandboxes: OwnedSandboxes;
}

/** The pool as `GET /pool`, the console and the gauges show it. */
export function poolSnapshot(sources: SnapshotSources): PoolSnapshot {
  const nowMs = performance.now();
  const byIsolation: PoolSnapshot['byIsolation'] = {};
  const countsOf = (isolation: Isolation) => {
    byIsolation[isolation] ??= { ready: 0, bound: 0, busy: 0, creating: 0 };
    return byIsolation[isolation];
  };
  const sandboxes: PoolSnapshot['sandboxes'] = [];
  let idleMib = 0;
  for (const entry of sources.sandboxes.all) {
    const { isolation, runtime, memoryMib } = entry.sandboxClass;
    const counts = countsOf(isolation);
    if (!entry.isGone && !entry.isBusy) idleMib += entry.costMib(nowMs);
    if (entry.boundTo === null) counts.ready++;
    else counts.bound++;
    if (entry.isBusy) counts.busy++;
    sandboxes.push({
      id: entry.sandbox.id,
      isolation,
      runtime,
      memoryMib,
      state: entry.sandbox.state,
      functionName: entry.boundTo?.target.functionName ?? null,
      inFlight: entry.leases,
      idleMs: entry.isBusy ? 0 : Math.max(0, nowMs - entry.idleSinceMs),
      ageMs: nowMs - entry.createdAtMs,
    });
  }
  for (const classPool of sources.classes) countsOf(classPool.sandboxClass.isolation).creating += classPool.creating;
  let queued = 0;
  for (const owner of sources.functions) queued += owner.queued;
  return { idleBudgetMib: sources.idleBudgetMib, idleMib, sandboxes, byIsolation, queued };
}
