import type { TESTED_ISOLATIONS } from '../support/require-isolation.ts';

type TestedIsolation = (typeof TESTED_ISOLATIONS)[number];

/** What the caller must get: the status, the catalogue's code for it, and the recorded outcome. */
export interface Ending {
  status: number;
  code: string | undefined;
  outcome: string;
  /** Holds for the result of an ok call. */
  result?: (result: Record<string, unknown>) => boolean;
}

export interface HostileCase {
  fixture: string;
  event?: unknown;
  /** Settings beyond those every case has. */
  settings?: Record<string, unknown>;
  ending: Ending;
  /** Where it ends otherwise; in any of several ways where the function races its own end. */
  endingsUnder?: Partial<Record<TestedIsolation, readonly Ending[]>>;
  /** It kills, forks without end or leaves processes: it runs only where those are never ours. */
  needsOwnProcesses?: true;
  /** It takes without end what only this limit bounds: it runs only where the limit is enforced. */
  needs?: 'memory' | 'pids';
  /** Isolations where it must not run at all, and why. */
  never?: Partial<Record<TestedIsolation, string>>;
}

const isRoot = process.getuid?.() === 0;
const TIMEOUT: Ending = { status: 504, code: 'function_timeout', outcome: 'timeout' };
const OUT_OF_MEMORY: Ending = { status: 502, code: 'function_oom', outcome: 'oom' };
const CRASHED: Ending = { status: 502, code: 'sandbox_crashed', outcome: 'crashed' };
const VIOLATION: Ending = { status: 502, code: 'protocol_violation', outcome: 'crashed' };
const okWith = (result: (result: Record<string, unknown>) => boolean): Ending => ({
  status: 200,
  code: undefined,
  outcome: 'ok',
  result,
});
const SIGNALS_SENT = okWith((tried) => Object.keys(tried).length > 0);
const NO_DISK_LIMIT = { process: 'the process isolation has no disk limit, and says so in its receipts' };
const everyPathRefused = (result: Record<string, unknown>): boolean =>
  Object.values(result).every((one) => one !== 'opened') && Object.keys(result).length > 0;

/** For one that has to run out of time: soon. */
const SOON = { timeoutMs: 800 };

/** What each hostile fixture must end in: the same everywhere unless said otherwise. Settings: hostile-functions.test.ts. */
export const HOSTILE_CASES: readonly HostileCase[] = [
  { fixture: 'spins', settings: SOON, ending: TIMEOUT },
  { fixture: 'ignores-sigterm', settings: SOON, ending: TIMEOUT },
  {
    ...{ fixture: 'fork-bomb', needsOwnProcesses: true, needs: 'pids', settings: SOON, ending: TIMEOUT },
    // All its processes together may hold more than its memory before its time is over.
    endingsUnder: {
      process: [TIMEOUT, OUT_OF_MEMORY],
      bubblewrap: [TIMEOUT, OUT_OF_MEMORY],
      docker: [TIMEOUT, OUT_OF_MEMORY],
    },
  },
  { fixture: 'allocates', needs: 'memory', ending: OUT_OF_MEMORY },
  {
    fixture: 'fills-disk',
    ending: okWith(({ code, written }) => code === 'ENOSPC' && (written as number) <= 32 * 1024 * 1024),
    never: NO_DISK_LIMIT,
  },
  {
    fixture: 'fills-inodes',
    ending: okWith(({ code, files }) => code === 'ENOSPC' && (files as number) <= 32 * 1024),
    // An ordinary user's bubblewrap bounds bytes alone, and its receipts say so.
    endingsUnder: isRoot ? {} : { bubblewrap: [okWith(({ code }) => code === 'ENOSPC')] },
    never: NO_DISK_LIMIT,
  },
  // Its writer is held to 1 MiB a second, so its time runs out.
  { fixture: 'prints-100mib', settings: SOON, ending: TIMEOUT },
  { fixture: 'closes-stdio', ending: okWith(({ closed }) => closed === true) },
  { fixture: 'replies-twice', ending: VIOLATION },
  { fixture: 'forges-other-stream', ending: VIOLATION },
  { fixture: 'writes-rubbish', ending: VIOLATION },
  { fixture: 'opens-channel-again', ending: okWith(({ opened }) => opened === false) },
  // The signals reach nobody but itself and its own: process 1 of its namespace ignores them, others are forbidden.
  // gVisor's kernel does not spare process 1 of a sandbox from its children: the function ends itself, at once or just after
  // its reply has left.
  {
    fixture: 'kills-parent',
    needsOwnProcesses: true,
    ending: SIGNALS_SENT,
    endingsUnder: { gvisor: [CRASHED, SIGNALS_SENT] },
  },
  {
    fixture: 'leaves-background-processes',
    needsOwnProcesses: true,
    ending: okWith(({ pids }) => (pids as number[]).length === 3),
  },
  { fixture: 'writes-proc-sys', ending: okWith(everyPathRefused) },
];
