import { tryRead } from '../kernel-file.ts';

/** One process and no other that gets its number later: a number is free again as soon as its process was reaped. */
export interface PinnedProcess {
  pid: number;
  /** When it was started, in ticks since the host was, as /proc says it. */
  startTicks: string;
}

/** The first child of a process. Null when there is none, or the kernel does not tell. */
export function firstChildOf(parent: number): PinnedProcess | null {
  const pid = Number(/^\d+/.exec(tryRead(`/proc/${parent}/task/${parent}/children`) ?? '')?.[0]);
  const startTicks = statOf(pid)?.startTicks;
  return startTicks === undefined ? null : { pid, startTicks };
}

/** A zombie runs nothing any more; it waits for a parent, perhaps for long. */
export function isRunning({ pid, startTicks }: PinnedProcess): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.startTicks === startTicks && !'ZX'.includes(stat.state);
}

/** Places in /proc/<pid>/stat behind the name, which may hold anything. */
const STATE_AT = 0;
const START_TICKS_AT = 19;

function statOf(pid: number): { state: string; startTicks: string } | null {
  const text = Number.isNaN(pid) ? null : tryRead(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields?.[STATE_AT], fields?.[START_TICKS_AT]];
  return state === undefined || startTicks === undefined ? null : { state, startTicks };
}
