import { spawn } from 'node:child_process';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { CPU_MAX_S, limited, MEMORY_MAX_MIB, NOT_EXECUTABLE, NOT_FOUND, NOT_LIMITED } from './checker-limits.ts';
import { CheckerPlaces } from './checker-places.ts';

const OUTPUT_MAX_CHARS = 64 * 1024;
/** Above the limit of processor time, so that on an idle host it is the source that decides and not the clock. */
const DEADLINE_MS = 20_000;

/** Of the whole server: two can hold 2 GiB between them, and the others wait for as long as an upload does. */
const PLACES = new CheckerPlaces({ atOnceMax: 2, waitingMax: 16, waitMs: 20_000 });

export interface CheckerRun {
  command: string;
  args: string[];
  input: string | Buffer;
  user: { uid: number; gid: number } | null;
  signal?: AbortSignal;
}

/** How a checker ended: with an answer, at a limit that its input met, or without anything that tells about the input. */
export type CheckerEnd =
  | { kind: 'answered'; exitCode: number; stdout: string; stderr: string }
  | { kind: 'over_limit'; message: string }
  | { kind: 'unknown' };

/**
 * Runs a checker with an empty environment and the source on its stdin, so that it sees no path of ours, within the limits of
 * checker-limits.ts, and at most two at once. Where the given user may not run the program (one installed in a home folder) it
 * runs as the server: it compiles and evaluates nothing. Rejects with `overloaded` when too many wait, or when the host had no
 * memory left for it; and when `signal` aborts.
 */
export async function runChecker(run: CheckerRun): Promise<CheckerEnd> {
  return await PLACES.hold(async () => {
    const end = await runOnce(run);
    if (end !== 'refused') return end;
    const again = run.user ? await runOnce({ ...run, user: null }) : end;
    return again === 'refused' ? { kind: 'unknown' } : again;
  }, run.signal);
}

async function runOnce(run: CheckerRun): Promise<CheckerEnd | 'refused'> {
  run.signal?.throwIfAborted();
  const ended = Promise.withResolvers<{ exitCode: number | null; signal: NodeJS.Signals | null }>();
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const { command, args } = limited(run.command, run.args);
  const child = spawn(command, args, {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: run.signal ? AbortSignal.any([run.signal, deadline]) : deadline,
    killSignal: 'SIGKILL',
    ...(run.user ?? {}),
  });
  let failure: string | null = null;
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length < OUTPUT_MAX_CHARS) output[name] += text;
    });
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? 'unknown';
    // Without a pid there will be no `close`.
    if (child.pid === undefined) ended.resolve({ exitCode: null, signal: null });
  });
  child.on('close', (exitCode, signal) => ended.resolve({ exitCode, signal }));
  // A checker that stops reading early has its answer ready; the broken pipe says nothing more.
  child.stdin.on('error', () => undefined).end(run.input);
  const { exitCode, signal } = await ended.promise;
  run.signal?.throwIfAborted();
  if (failure === 'EACCES' || failure === 'EPERM' || exitCode === NOT_EXECUTABLE) return 'refused';
  if (failure !== null || exitCode === NOT_FOUND || exitCode === NOT_LIMITED) return { kind: 'unknown' };
  if (exitCode !== null) return { kind: 'answered', exitCode, ...output };
  // We have not killed it, and it met no limit of its own: the kernel had no memory left, which is not the source's fault alone.
  if (signal === 'SIGKILL') throw new ColdframeError('overloaded', { publicMessage: NO_MEMORY });
  return { kind: 'over_limit', message: signal === 'SIGXCPU' ? TOO_SLOW : TOO_LARGE };
}

const NO_MEMORY = 'This host had not enough memory left to check the code. Try again.';
const TOO_SLOW = `compiling it takes more than ${CPU_MAX_S} s of processor time`;
const TOO_LARGE = `its compiler needs more than ${MEMORY_MAX_MIB} MiB of memory, or breaks down`;
