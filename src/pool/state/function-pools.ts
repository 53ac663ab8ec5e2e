import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { FunctionPool } from './function-pool.ts';
import { type RevisionHost, RevisionPool } from './revision-pool.ts';

/** `try` runs at once on this host: each takes a sandbox of its own. */
const EXCLUSIVE_MAX = 64;

/** Functions and their revisions, found by id and key; those of `try` are apart and never found again. */
export class FunctionPools {
  readonly #functions = new Map<string, FunctionPool>();
  readonly #exclusive = new Map<RevisionPool, FunctionPool>();
  readonly #host: RevisionHost;

  constructor(host: RevisionHost) {
    this.#host = host;
  }

  *all(): Iterable<FunctionPool> {
    yield* this.#functions.values();
    yield* this.#exclusive.values();
  }

  *revisions(): Iterable<RevisionPool> {
    for (const owner of this.all()) yield* owner.revisions.values();
  }

  /** For the warm path: null when nothing of this revision is there. */
  find(target: RunnableRevision): RevisionPool | null {
    return this.#functions.get(target.functionId)?.revisions.get(target.key) ?? null;
  }

  functionById(id: string): FunctionPool | null {
    return this.#functions.get(id) ?? null;
  }

  /** `maxConcurrency` is for a function that is not there yet. */
  open(functionId: string, maxConcurrency: number): FunctionPool {
    let owner = this.#functions.get(functionId);
    if (!owner) {
      owner = new FunctionPool(functionId, maxConcurrency);
      this.#functions.set(functionId, owner);
    }
    return owner;
  }

  /** A retired revision is served too, by its own sandboxes (I3, I9); it is not kept afterwards. */
  revisionOf(target: RunnableRevision): RevisionPool {
    const owner = this.open(target.functionId, target.functionSettings.maxConcurrency);
    return owner.revisions.get(target.key) ?? this.#begin(target, owner, false);
  }

  /** Null when too many run at once. */
  exclusiveRevision(target: RunnableRevision): RevisionPool | null {
    if (this.#exclusive.size >= EXCLUSIVE_MAX) return null;
    const owner = new FunctionPool(target.functionId, 1);
    const revision = this.#begin(target, owner, true);
    this.#exclusive.set(revision, owner);
    return revision;
  }

  /** Nothing of the revision is left. */
  drop(revision: RevisionPool): void {
    const owner = this.#exclusive.get(revision) ?? this.#functions.get(revision.owner.id);
    owner?.remove(revision);
    if (!this.#exclusive.delete(revision)) this.forgetIfDone(revision.owner.id);
  }

  forgetIfDone(functionId: string): void {
    if (this.#functions.get(functionId)?.isDone) this.#functions.delete(functionId);
  }

  #begin(target: RunnableRevision, owner: FunctionPool, isExclusive: boolean): RevisionPool {
    const revision = new RevisionPool(target, owner, this.#host, isExclusive);
    owner.add(revision);
    return revision;
  }
}
