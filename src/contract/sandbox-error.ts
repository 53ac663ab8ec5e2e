import { ColdframeError, type ErrorCode } from '../errors/coldframe-error.ts';

/** What *we* failed to do with a sandbox. What the user's code did is never thrown: it is a LoadResult or SandboxReply. */
export class SandboxError extends ColdframeError {
  constructor(
    code: ErrorCode,
    internalMessage: string,
    options: { cause?: unknown; context?: Record<string, unknown> } = {},
  ) {
    super(code, { internalMessage, ...options });
    this.name = 'SandboxError';
  }
}
