import { isFailed } from '../../domain/failure.ts';
import type { AttemptRecord } from '../../domain/invocation.ts';
import { languageRow } from '../../domain/runtimes.ts';

/** What failures that are the same to a person have in common. */
export interface Failure {
  type: string;
  /** The innermost frame in the author's own code, as the runtime prints it. Null when there is none. */
  topFrame: string | null;
}

/** Pure: the group of an attempt's failure. Null when the user's code did not fail. */
export function failureOf({ outcome, code, error, runtime }: AttemptRecord): Failure | null {
  if (!isFailed(outcome)) return null;
  const type = error?.errorType ?? code ?? outcome;
  const frames = error?.stackTrace ?? [];
  const isLast = languageRow(runtime).failureLine === 'last';
  const topFrame = isLast ? frames.findLast(isOwnFrame) : frames.find(isOwnFrame);
  return { type, topFrame: topFrame ?? null };
}

/** Frames of installed packages are not the author's. */
function isOwnFrame(frame: string): boolean {
  return frame.includes('/var/task/') && !frame.includes('/node_modules/') && !frame.includes('/site-packages/');
}
