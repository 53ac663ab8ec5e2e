import { tryRead } from '../kernel-file.ts';
import type { OwnView } from './own-view.ts';

/**
 * In a user's view, `unshare` and the shell that is first in the namespace come before the program's own first process.
 */
const GENERATIONS = { root: 0, user: 2 } as const;

/**
 * The process that works, once it has connected, as seen from outside: the launched one, or the one it waits for. Null
 * when it is gone.
 */
export function programPid(launched: number | null, view: OwnView | null): number | null {
  let pid = launched;
  for (let left = view === null ? 0 : GENERATIONS[view.by]; left > 0 && pid !== null; left--) {
    const child = /^\d+/.exec(tryRead(`/proc/${pid}/task/${pid}/children`) ?? '')?.[0];
    pid = child === undefined ? null : Number(child);
  }
  return pid;
}
