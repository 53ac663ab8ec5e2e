import { ColdframeError, type ErrorCode } from '../errors/coldframe-error.ts';

/** What a failed create left on this host. `destroy` works as in Box. */
export interface Leftover {
  readonly id: string;
  destroy(signal: AbortSignal): Promise<void>;
}

/** What *we* failed to do with a sandbox. What the user's code did is never thrown: it is a LoadResult or SandboxReply. */
export class SandboxError extends ColdframeError {
  /** Null when nothing is left. Otherwise whoever catches the error must call its `destroy` until that succeeds. */
  readonly leftover: Leftover | null;

  constructor(
    code: ErrorCode,
    internalMessage: string,
    options: { cause?: unknown; context?: Record<string, unknown>; leftover?: Leftover } = {},
  ) {
    const { leftover, ...rest } = options;
    super(code, { internalMessage, ...rest });
    this.name = 'SandboxError';
    this.leftover = leftover ?? null;
  }
}
