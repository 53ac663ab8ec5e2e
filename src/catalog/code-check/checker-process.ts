import { spawn } from 'node:child_process';

const OUTPUT_MAX_CHARS = 64 * 1024;

export interface CheckerRun {
  command: string;
  args: string[];
  input: string | Buffer;
  deadlineMs: number;
  user: { uid: number; gid: number } | null;
  signal?: AbortSignal;
}

export interface CheckerResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a checker with an empty environment and the source on its stdin, so that it sees no path of ours. Where the given user
 * may not run the program (one installed in a home folder) it runs as the server: it compiles and evaluates nothing. Null
 * when it could not be started or was killed at its deadline. Rejects only when `signal` aborts.
 */
export async function runChecker(run: CheckerRun): Promise<CheckerResult | null> {
  const result = await runOnce(run);
  return result === 'refused' && run.user
    ? nullIfRefused(await runOnce({ ...run, user: null }))
    : nullIfRefused(result);
}

function nullIfRefused(result: CheckerResult | 'refused' | null): CheckerResult | null {
  return result === 'refused' ? null : result;
}

async function runOnce(run: CheckerRun): Promise<CheckerResult | 'refused' | null> {
  run.signal?.throwIfAborted();
  const ended = Promise.withResolvers<number | null>();
  const deadline = AbortSignal.timeout(run.deadlineMs);
  const child = spawn(run.command, run.args, {
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
    if (child.pid === undefined) ended.resolve(null);
  });
  child.on('close', (code) => ended.resolve(code));
  // A checker that stops reading early has its answer ready; the broken pipe says nothing more.
  child.stdin.on('error', () => undefined).end(run.input);
  const exitCode = await ended.promise;
  run.signal?.throwIfAborted();
  if (failure === 'EACCES' || failure === 'EPERM') return 'refused';
  return failure === null ? { exitCode, ...output } : null;
}
