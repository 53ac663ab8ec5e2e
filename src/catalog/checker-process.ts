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

/**
 * Runs a checker with an empty environment and the source on its stdin, so that it sees no path of ours. Null when it could
 * not be started or was killed at its deadline. Rejects only when `signal` aborts.
 */
export async function runChecker(
  run: CheckerRun,
): Promise<{ exitCode: number | null; stdout: string; stderr: string } | null> {
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
  let didFail = false;
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length < OUTPUT_MAX_CHARS) output[name] += text;
    });
  }
  child.on('error', () => {
    didFail = true;
    // Without a pid there will be no `close`.
    if (child.pid === undefined) ended.resolve(null);
  });
  child.on('close', (code) => ended.resolve(code));
  // A checker that stops reading early has its answer ready; the broken pipe says nothing more.
  child.stdin.on('error', () => undefined).end(run.input);
  const exitCode = await ended.promise;
  run.signal?.throwIfAborted();
  return didFail ? null : { exitCode, ...output };
}
