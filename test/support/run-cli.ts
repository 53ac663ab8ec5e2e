import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ADMIN_KEY, type TestServer } from './test-server.ts';

const LAUNCHER = join(resolve(import.meta.dirname, '../..'), 'bin/coldframe.mjs');
const DEADLINE_MS = 60_000;

export interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One run of `coldframe` in a process of its own, as a person or a script starts it. */
export class CliRun {
  readonly done: Promise<CliResult>;
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(args: string[], options: CliOptions = {}) {
    this.#child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, HOME: options.cwd, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#child.stdin?.on('error', () => {}).end(options.stdin ?? '');
    this.done = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** SIGINT, as Ctrl-C sends it; resolves when it has ended. */
  interrupt(): Promise<CliResult> {
    this.#child.kill('SIGINT');
    return this.done;
  }
}

/** Runs a command to its end; one that hangs is interrupted, which the test then sees in its exit code. */
export async function runCli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const run = new CliRun(args, options);
  const deadline = setTimeout(() => void run.interrupt(), DEADLINE_MS);
  try {
    return await run.done;
  } finally {
    clearTimeout(deadline);
  }
}

/** The environment by which the command line finds this server. */
export function serverEnv(server: TestServer): Record<string, string> {
  return { COLDFRAME_URL: server.url, COLDFRAME_KEY: ADMIN_KEY };
}
