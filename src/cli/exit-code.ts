/** Scripts rely on these; docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The function failed: error, timeout, crash, out of memory. */
  functionFailed: 1,
  usage: 2,
  cannotReachServer: 3,
  /** The server refused: not signed in, not found, not valid, busy. */
  refused: 4,
} as const;

/** Ends a command with a message on stderr and a code; `hint` is the next thing to try. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string | null;

  constructor(exitCode: number, message: string, hint: string | null = null) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
