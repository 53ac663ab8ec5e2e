import type { SandboxSpec } from '../../contract/driver.ts';
import type { TransitionListener } from './sandbox-state.ts';

export interface GuardedSandboxOptions {
  spec: SandboxSpec;
  onTransition: TransitionListener | null;
  /**
   * Called once, when the sandbox is dead and its last call has settled; resolves after the first try of removing it. `hasDied`:
   * nobody asked for its end.
   */
  remove: (reason: string, hasDied: boolean) => Promise<void>;
}
