import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * A small tool that has not ended by then hangs. On a busy host one needs seconds, and what it was asked would be taken for a no,
 * some of it for as long as the server lives.
 */
export const TOOL_DEADLINE_MS = 30_000;
/** What a tool may print, in bytes; the rest is dropped. */
const OUTPUT_MAX_BYTES = 64 * 1024;
/** Tools work on what strangers upload: they do not share the server's protection from the kernel's search for memory. */
const OOM_SCORE_ADJ = 0;

export interface ToolResult {
  /** Null when it could not be started or was killed. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a small system tool (mount, mkfifo, ldd) with an empty environment and without a shell; killed when the signal
 * aborts. Never rejects: a tool that is absent reads as exit code null with the reason in `stderr`.
 */
export function runTool(command: string, args: string[], signal: AbortSignal): Promise<ToolResult> {
  return new Promise((resolve) => {
    const output = { stdout: '', stderr: '' };
    const child = spawn(command, args, {
      env: { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    unprotect(child.pid);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < OUTPUT_MAX_BYTES) output[name] += text;
      });
    }
    child.once('error', (error) => {
      output.stderr += String(error);
      // The tool never started. A tool that is killed on abort is waited for, since it must do nothing after we have
      // cleaned up.
      if (child.pid === undefined) resolve({ exitCode: null, ...output });
    });
    child.once('close', (exitCode) => resolve({ exitCode, ...output }));
  });
}

function unprotect(pid: number | undefined): void {
  try {
    if (pid !== undefined) writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_ADJ));
  } catch {
    // It has ended, this host has no such file, or whoever started the server has given it a higher score.
  }
}
