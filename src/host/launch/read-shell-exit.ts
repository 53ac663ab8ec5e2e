import { constants } from 'node:os';
import type { BoxExit } from '../../contract/driver.ts';

/** Signals that end programs on their own; 128 and 129 are also the shims' statuses for unhandled errors. */
const FATAL = ['SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGTERM', 'SIGSYS'] as const;

/** Shells, and bwrap as they do, report a program ended by a signal as status 128 + number. */
export function readShellExit(exit: BoxExit): BoxExit {
  const signal = FATAL.find((name) => exit.exitCode === 128 + constants.signals[name]);
  return exit.cause === 'exit' && signal !== undefined ? { cause: 'signal', exitCode: null, signal } : exit;
}
