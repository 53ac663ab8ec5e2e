import type { RunnableRevision } from './runnable-revision.ts';

/** What the catalog tells the pool of one function, whole, at every change of it. */
export interface LiveFunction {
  /** Calls at once, of all revisions together. */
  maxConcurrency: number;
  /** Every revision that some name of the function leads to, each once. The pool keeps nothing of any other. */
  revisions: readonly LiveRevision[];
}

export interface LiveRevision {
  target: RunnableRevision;
  /** Sandboxes bound to it ahead of its calls. */
  minWarm: number;
  /** A ready sandbox of its class is kept for its next start. */
  isStocked: boolean;
}
