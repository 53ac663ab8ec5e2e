import type { LiveFunction, LiveRevision } from './live-function.ts';
import type { RunnableRevision } from './runnable-revision.ts';
import type { FunctionSettings } from './settings.ts';

/** The name that leads to the newest revision. */
export const LATEST = '$LATEST';

/** Where one name of a function leads: to one revision, or to several that share its calls by weight. */
export interface Pointer {
  /** At least one. Weights are above 0, and only their ratio counts. */
  targets: readonly WeightedTarget[];
  /** Sandboxes bound ahead of the calls of this name, shared among its targets by weight. */
  minWarm: number;
  /** A ready sandbox is kept for the next start under this name. */
  isStocked: boolean;
}

export interface WeightedTarget {
  target: RunnableRevision;
  weight: number;
}

/**
 * Every name of a function that a call may use, with where it leads: `$LATEST` for now. A numbered version is an entry with one
 * target, an alias an entry with one or two; whatever resolves, warms or retires revisions reads nothing but these entries.
 */
export type Pointers = ReadonlyMap<string, Pointer>;

/** The revision of one call. `draw` gives a number from 0 up to but not including 1; it is asked only where there is a choice. */
export function follow({ targets }: Pointer, draw: () => number): RunnableRevision {
  const last = targets[targets.length - 1]!.target;
  if (targets.length === 1) return last;
  let left = draw() * totalWeight(targets);
  for (const { target, weight } of targets) {
    left -= weight;
    if (left < 0) return target;
  }
  return last;
}

/** What the pool must know: every revision that a name leads to, once, with the most that any name wants of it. */
export function liveFunction(pointers: Pointers, { maxConcurrency }: FunctionSettings): LiveFunction {
  const live = new Map<string, LiveRevision>();
  for (const { targets, minWarm, isStocked } of pointers.values()) {
    const total = totalWeight(targets);
    for (const { target, weight } of targets) {
      const known = live.get(target.key);
      live.set(target.key, {
        target,
        minWarm: Math.max(known?.minWarm ?? 0, Math.ceil((minWarm * weight) / total)),
        isStocked: isStocked || known?.isStocked === true,
      });
    }
  }
  return { maxConcurrency, revisions: [...live.values()] };
}

function totalWeight(targets: readonly WeightedTarget[]): number {
  return targets.reduce((sum, { weight }) => sum + weight, 0);
}
