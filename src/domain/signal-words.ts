/** Lambda's own program is written in Go, and its error texts carry Go's words for signals; clients match on them. */
const WORDS: Record<string, string> = {
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGHUP: 'hangup',
  SIGILL: 'illegal instruction',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGQUIT: 'quit',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGTRAP: 'trace/breakpoint trap',
};

/** How a signal is named in `Runtime exited with error: signal: ...`. */
export function signalWords(signal: string): string {
  return WORDS[signal] ?? signal;
}
