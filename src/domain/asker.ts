import type { LeaveSignal } from './leave-signal.ts';

/** For whom something is read that may take long. */
export interface Asker {
  /** Who counts as one: askers take turns by it, and each has a share. */
  caller: string;
  /** Once it is aborted, nobody waits for the answer any more. */
  signal: LeaveSignal;
}

/** How a question ends whose asker has left. Nobody hears it, and nothing went wrong. */
export class AskerLeft extends Error {
  constructor() {
    super('whoever asked has left');
    this.name = 'AskerLeft';
  }
}
