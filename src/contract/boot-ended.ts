import type { BoxExit } from './driver.ts';
import { SandboxError } from './sandbox-error.ts';

/**
 * A sandbox's first program ended before its shim had connected. Where the function's own environment or files were there at boot,
 * that is the function's doing, and the guard makes a failed load of it.
 */
export class BootEnded extends SandboxError {
  readonly exit: BoxExit;
  /** The last it printed on stderr, cut. */
  readonly output: string;

  constructor(exit: BoxExit, output: string) {
    super(
      'sandbox_start_failed',
      `it ended before it connected: ${exit.cause} ${exit.exitCode ?? exit.signal ?? ''} ${output}`,
    );
    this.exit = exit;
    this.output = output;
  }
}
