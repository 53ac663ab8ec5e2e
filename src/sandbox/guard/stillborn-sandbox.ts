import type { BootEnded } from '../../contract/boot-ended.ts';
import type { BoxExit, SandboxSpec } from '../../contract/driver.ts';
import type { LoadResult, Sandbox, SandboxState } from '../../contract/sandbox.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { FunctionError, LogLine } from '../../domain/invocation.ts';
import { initTimeoutError } from './exchange/function-error.ts';

const REASON_MAX_CHARS = 500;
const SAYS_WHY = /error|not allowed|bad option|cannot|can't|failed|fatal/i;

/**
 * A sandbox whose boot was ended by the function itself: by a variable that the runtime refuses, by code that runs
 * before its shim, or by code that never lets the shim run. Nothing of it is left on the host. Its one load tells how it ended, so that a caller gets the
 * function's error and its record.
 */
export class StillbornSandbox implements Sandbox {
  readonly id: string;
  readonly spec: SandboxSpec;
  readonly receipt: Sandbox['receipt'];
  readonly inFlight = 0;
  readonly concurrency = 1;
  readonly removed = Promise.resolve();
  #state: SandboxState = 'ready';
  readonly #ended: BootEnded;

  constructor(spec: SandboxSpec, ended: BootEnded, receipt: Sandbox['receipt']) {
    this.id = spec.id;
    this.spec = spec;
    this.receipt = receipt;
    this.#ended = ended;
  }

  get state(): SandboxState {
    return this.#state;
  }

  /** True until its load has told how it ended. The pool claims it like any other. */
  get alive(): boolean {
    return this.#state === 'ready';
  }

  memoryBytes(): number | null {
    return null;
  }

  async load(): Promise<LoadResult> {
    if (this.#state !== 'ready') throw this.#illegal('load');
    this.#state = 'dead';
    const { end, output } = this.#ended;
    const lines = [...linesOf('stdout', output.stdout), ...linesOf('stderr', output.stderr)];
    const logs = { lines, truncated: false };
    if (end.cause === 'initTimeout') return { kind: 'initTimeout', error: initTimeoutError(end.timeoutMs), logs };
    if (end.cause === 'oom') return { kind: 'died', exit: end, logs };
    return { kind: 'loadError', error: errorOf(end, output.stderr), importMs: null, logs };
  }

  invoke(): void {
    throw this.#illegal('invoke');
  }

  cancel(): boolean {
    return false;
  }

  pause(): void {
    throw this.#illegal('pause');
  }

  resume(): void {
    throw this.#illegal('resume');
  }

  drain(): void {
    this.#state = 'dead';
  }

  async destroy(): Promise<void> {
    this.#state = 'dead';
  }

  /** It was gone before anybody could listen. */
  onDead(): void {}

  /** Its load tells how it ended. */
  onCrash(): void {}

  #illegal(action: string): SandboxError {
    return new SandboxError('sandbox_illegal_state', `sandbox ${this.id} cannot ${action}: its boot failed`);
  }
}

function errorOf(exit: BoxExit, output: string): FunctionError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const reason = (lines.find((line) => SAYS_WHY.test(line)) ?? lines[0] ?? '').trim().slice(0, REASON_MAX_CHARS);
  const how = exit.signal === null ? `exit status ${exit.exitCode ?? 'unknown'}` : `signal: ${exit.signal}`;
  const errorMessage = `Error: Runtime exited with error: ${how}${reason === '' ? '' : `: ${reason}`}`;
  return { errorType: 'Runtime.ExitError', errorMessage, stackTrace: [] };
}

function linesOf(stream: LogLine['stream'], output: string): LogLine[] {
  const at = new Date().toISOString();
  const texts = output.replace(/\n$/, '').split('\n');
  return output === '' ? [] : texts.map((text) => ({ at, stream, text }));
}
