import { tryRead } from '../kernel-file.ts';
import type { OwnView } from './own-view.ts';

/** In a user's view: the program's first process stands behind `unshare` and the shell that is first in its namespace. */
const GENERATIONS = { root: 0, user: 2 } as const;

/** Which process works, once it has connected, seen from outside: the one launched, or what that one waits for. Null when it is gone. */
export function programPid(launched: number | null, view: OwnView | null): number | null {
  let pid = launched;
  for (let left = view === null ? 0 : GENERATIONS[view.by]; left > 0 && pid !== null; left--) {
    const child = /^\d+/.exec(tryRead(`/proc/${pid}/task/${pid}/children`) ?? '')?.[0];
    pid = child === undefined ? null : Number(child);
  }
  return pid;
}
