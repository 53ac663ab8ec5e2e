import type { Isolation } from '../domain/names.ts';
import type { ClassDesk } from './state/class-pool.ts';
import type { FunctionDesk } from './state/function-pool.ts';
import type { Roster } from './steps/retire-sandboxes.ts';
import type { PoolSnapshot } from './types.ts';

export interface SnapshotSources {
  idleBudgetMib: number;
  desks: Iterable<ClassDesk>;
  functions: Iterable<FunctionDesk>;
  roster: Roster;
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
  for (const entry of sources.roster.all) {
    const { isolation, runtime, memoryMib } = entry.desk.sandboxClass;
    const counts = countsOf(isolation);
    if (!entry.isGone && !entry.isBusy) idleMib += entry.costMib(nowMs);
    if (entry.home === null) counts.ready++;
    else counts.bound++;
    if (entry.isBusy) counts.busy++;
    sandboxes.push({
      id: entry.sandbox.id,
      isolation,
      runtime,
      memoryMib,
      state: entry.sandbox.state,
      functionName: entry.home?.target.functionName ?? null,
      inFlight: entry.leases,
      idleMs: entry.isBusy ? 0 : Math.max(0, nowMs - entry.idleSinceMs),
      ageMs: nowMs - entry.createdAtMs,
    });
  }
  for (const desk of sources.desks) countsOf(desk.sandboxClass.isolation).creating += desk.creating;
  let queued = 0;
  for (const owner of sources.functions) queued += owner.queued;
  return { idleBudgetMib: sources.idleBudgetMib, idleMib, sandboxes, byIsolation, queued };
}
