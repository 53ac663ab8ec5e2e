import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ColdframeError, type FieldError } from '../../errors/coldframe-error.ts';
import { runChecker } from './checker-process.ts';
import type { SourceFile } from './source-files.ts';

/** Parsing cannot be interrupted, so a thread takes small files only; larger ones go to a process that can be killed. */
const WORKER_FILE_MAX_CHARS = 512 * 1024;
const WORKER_DEADLINE_MS = 2_000;
const WORKER_HEAP_MAX_MIB = 128;
const WORKER_YOUNG_MAX_MIB = 12;
/** Below the memory limit of a checker, so that Node says itself that it has not enough. */
const PROCESS_HEAP_MAX_MIB = 512;
const ERRORS_MAX = 10;
/** Of all files of a package that go to processes. What is left then is met at the first call. */
const PROCESSES_DEADLINE_MS = 30_000;
/** What is sent to the thread and not answered yet is held twice. */
const ASKED_MAX = 32;

/** What the worker says of one file; line null means it failed as a module, whose errors carry no line there. */
export interface WorkerVerdict {
  path: string;
  goal: 'module' | 'commonjs';
  line: number | null;
  message: string;
}

export interface JavascriptSyntaxOptions {
  nodePath?: string;
  childUser: { uid: number; gid: number } | null;
}

/**
 * Compiles JavaScript without evaluating it, in one long-lived worker thread. Good code never costs a process; for a broken
 * module one `node --check` finds the line. A worker that dies or is late is replaced and the files go to processes instead.
 */
export class JavascriptSyntax {
  readonly #options: JavascriptSyntaxOptions;
  readonly #pending = new Map<number, (verdicts: WorkerVerdict[] | null) => void>();
  #worker: Worker | null = null;
  #nextId = 1;

  constructor(options: JavascriptSyntaxOptions) {
    this.#options = options;
  }

  start(): void {
    this.#startedWorker();
  }

  async check(files: SourceFile[], signal?: AbortSignal): Promise<FieldError[]> {
    const small = files.filter((file) => file.text.length <= WORKER_FILE_MAX_CHARS);
    const verdicts = await this.#askWorker(small);
    const errors: FieldError[] = [];
    const endAtMs = performance.now() + PROCESSES_DEADLINE_MS;
    for (const file of files) {
      signal?.throwIfAborted();
      if (errors.length >= ERRORS_MAX || performance.now() > endAtMs) break;
      const isJudged = verdicts !== null && small.includes(file);
      const verdict = isJudged ? verdicts.find((one) => one.path === file.path) : null;
      if (isJudged && !verdict) continue;
      const error = verdict?.line ? asFieldError(verdict) : await this.#checkInProcess(file, verdict?.goal, signal);
      if (error) errors.push(error);
      else if (verdict) errors.push(asFieldError(verdict));
    }
    return errors;
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  /** Null when the worker died or did not answer in time. Rejects with `overloaded` while too many wait for it. */
  async #askWorker(files: SourceFile[]): Promise<WorkerVerdict[] | null> {
    if (files.length === 0) return [];
    if (this.#pending.size >= ASKED_MAX) throw new ColdframeError('overloaded');
    const worker = this.#startedWorker();
    const id = this.#nextId++;
    const answer = Promise.withResolvers<WorkerVerdict[] | null>();
    const timer = setTimeout(() => answer.resolve(null), WORKER_DEADLINE_MS);
    this.#pending.set(id, answer.resolve);
    worker.postMessage({ id, files });
    const verdicts = await answer.promise;
    clearTimeout(timer);
    this.#pending.delete(id);
    if (verdicts === null && this.#worker === worker) await this.stop();
    return verdicts;
  }

  #startedWorker(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL(`./javascript-syntax-worker${extname(import.meta.url)}`, import.meta.url), {
      execArgv: ['--experimental-vm-modules', '--no-warnings'],
      env: {},
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MAX_MIB, maxYoungGenerationSizeMb: WORKER_YOUNG_MAX_MIB },
    });
    // The error is the worker's end; whoever waits learns of it by `exit` and uses a process.
    worker.on('error', () => undefined);
    worker.on('message', ({ id, verdicts }: { id: number; verdicts: WorkerVerdict[] }) => {
      this.#pending.get(id)?.(verdicts);
    });
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      for (const resolve of this.#pending.values()) resolve(null);
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  async #checkInProcess(file: SourceFile, goal: WorkerVerdict['goal'] | undefined, signal?: AbortSignal) {
    const goals = goal ? [goal] : file.goal === 'either' ? (['commonjs', 'module'] as const) : [file.goal];
    let error: FieldError | null = null;
    for (const one of goals) {
      const result = await runChecker({
        command: this.#options.nodePath ?? process.execPath,
        args: [`--max-old-space-size=${PROCESS_HEAP_MAX_MIB}`, '--check', `--input-type=${one}`, '-'],
        input: file.text,
        user: this.#options.childUser,
        signal,
      });
      if (result.kind === 'over_limit') return { path: file.path, message: result.message };
      if (result.kind === 'unknown' || result.exitCode === 0) return null;
      const line = /^\[stdin\]:(\d+)$/m.exec(result.stderr)?.[1];
      const message = /^(?:SyntaxError|RangeError): (.*)$/m.exec(result.stderr)?.[1];
      // Anything else is a failure of the checker, not of the code.
      if (message === undefined) return null;
      error = { path: file.path, message: `line ${line ?? 1}: ${message}` };
    }
    return error;
  }
}

function asFieldError(verdict: WorkerVerdict): FieldError {
  return { path: verdict.path, message: `line ${verdict.line ?? 1}: ${verdict.message}` };
}
