import type { SandboxState } from '../../contract/sandbox.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';

/**
 * Legal successors. `draining` leads only to `dead`: after a timeout, a violation or a crash nothing new is served (I2),
 * and no state leads back to `ready`: a sandbox that has seen a function never becomes generic again (I3).
 */
export const SUCCESSORS: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  creating: ['ready', 'dead'],
  ready: ['loaded', 'draining', 'dead'],
  loaded: ['busy', 'paused', 'draining', 'dead'],
  busy: ['loaded', 'draining', 'dead'],
  paused: ['loaded', 'draining', 'dead'],
  draining: ['dead'],
  dead: [],
};

export type TransitionListener = (sandboxId: string, from: SandboxState, to: SandboxState, reason: string) => void;

/** The state of one sandbox and the one way to change it. */
export class SandboxLifecycle {
  readonly #sandboxId: string;
  readonly #onTransition: TransitionListener;
  #state: SandboxState = 'creating';

  constructor(sandboxId: string, onTransition: TransitionListener) {
    this.#sandboxId = sandboxId;
    this.#onTransition = onTransition;
  }

  get state(): SandboxState {
    return this.#state;
  }

  /** Moves on and tells the listener; throws `sandbox_illegal_state`, nothing changed, where the order forbids it. */
  transition(to: SandboxState, reason: string): void {
    const from = this.#state;
    if (!SUCCESSORS[from].includes(to)) throw this.illegal(`become ${to} (${reason})`);
    this.#state = to;
    this.#onTransition(this.#sandboxId, from, to, reason);
  }

  /** The error for an action that the present state does not allow. */
  illegal(action: string): SandboxError {
    return new SandboxError(
      'sandbox_illegal_state',
      `sandbox ${this.#sandboxId} cannot ${action} while ${this.#state}`,
      { context: { sandboxId: this.#sandboxId, state: this.#state } },
    );
  }
}
