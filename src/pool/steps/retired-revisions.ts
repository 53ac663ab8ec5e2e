import type { ClassPools } from '../state/class-pools.ts';
import type { FunctionPools } from '../state/function-pools.ts';
import type { RevisionPool } from '../state/revision-pool.ts';
import type { OwnedSandboxes } from './owned-sandboxes.ts';

/**
 * What becomes of a revision that no name leads to. It serves the callers who hold it already, with sandboxes of its own
 * (I3), and finishes its calls (I9). It keeps nothing: an idle sandbox goes as soon as no caller of it waits.
 */
export class RetiredRevisions {
  readonly #functions: FunctionPools;
  readonly #sandboxes: OwnedSandboxes;
  readonly #classes: ClassPools;

  constructor(functions: FunctionPools, sandboxes: OwnedSandboxes, classes: ClassPools) {
    this.#functions = functions;
    this.#sandboxes = sandboxes;
    this.#classes = classes;
  }

  /**
   * Lets go of what nobody needs any more. Called whenever that may have changed: another set of revisions is live, a caller
   * left, a load ended, a lease came back. A live revision is left alone; repeats do nothing.
   */
  letGo(revision: RevisionPool): void {
    if (!revision.isRetired) return;
    revision.prefills = 0;
    if (revision.queue.size + revision.background.size > 0) return;
    for (const entry of [...revision.bound]) if (entry.leases === 0) this.#sandboxes.discard(entry, 'retired');
    if (!revision.isEmpty) return;
    this.#classes.forget(revision);
    this.#functions.drop(revision);
  }
}
