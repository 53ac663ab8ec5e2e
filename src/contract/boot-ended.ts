import type { BoxExit } from './driver.ts';
import { SandboxError } from './sandbox-error.ts';

/** How a boot ended: the program's own end, or the time that the function's settings give it. */
export type BootEnd = BoxExit | { cause: 'initTimeout'; timeoutMs: number };

/** What the first program printed before it ended, cut. */
export interface BootOutput {
  stdout: string;
  stderr: string;
}

/**
 * A sandbox's first program ended, or was ended, before its shim had connected. Where the function's own environment or files were there
 * at boot, that is the function's doing, and the guard makes a failed load of it.
 */
export class BootEnded extends SandboxError {
  readonly end: BootEnd;
  readonly output: BootOutput;

  constructor(end: BootEnd, output: BootOutput) {
    const how = end.cause === 'initTimeout' ? `after ${end.timeoutMs} ms` : (end.exitCode ?? end.signal ?? '');
    super('sandbox_start_failed', `it ended before it connected: ${end.cause} ${how} ${output.stderr}`);
    this.end = end;
    this.output = output;
  }
}
