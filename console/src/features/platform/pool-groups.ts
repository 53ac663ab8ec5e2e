import type { PoolState } from '../../shared/api/types.ts';

/** The sandboxes of one isolation and runtime. */
export interface PoolGroup {
  isolation: string;
  runtime: string;
  /** Generic, waiting to be claimed by any function. */
  ready: number;
  /** Holding a function's code, idle or busy. */
  bound: number;
  /** Of the bound ones: answering a call now. */
  busy: number;
  /** Of the bound ones: frozen until the next call. */
  paused: number;
  memoryMib: number;
}

/** By isolation, then runtime; one row for each that exists. */
export function groupPool({ sandboxes }: Pick<PoolState, 'sandboxes'>): PoolGroup[] {
  const groups = new Map<string, PoolGroup>();
  for (const { isolation, runtime, functionName, inFlight, state, memoryMib } of sandboxes) {
    const key = `${isolation} ${runtime}`;
    const group = groups.get(key) ?? { isolation, runtime, ready: 0, bound: 0, busy: 0, paused: 0, memoryMib: 0 };
    groups.set(key, group);
    if (functionName === null) group.ready++;
    else group.bound++;
    if (inFlight > 0) group.busy++;
    if (functionName !== null && state === 'paused') group.paused++;
    group.memoryMib += memoryMib;
  }
  return [...groups.values()].sort(
    (one, other) => one.isolation.localeCompare(other.isolation) || one.runtime.localeCompare(other.runtime),
  );
}
