import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { FunctionPool } from './function-pool.ts';
import { type RevisionHost, RevisionPool } from './revision-pool.ts';

/** `try` runs at once on this host: each takes a sandbox of its own. */
const EXCLUSIVE_MAX = 64;

/** Functions and their revisions, found by id and key; those of `try` are apart and never found again. */
export class FunctionPools {
  readonly #functions = new Map<string, FunctionPool>();
  readonly #exclusive = new Set<FunctionPool>();
  readonly #host: RevisionHost;

  constructor(host: RevisionHost) {
    this.#host = host;
  }

  *all(): Iterable<FunctionPool> {
    yield* this.#functions.values();
    yield* this.#exclusive;
  }

  *revisions(): Iterable<RevisionPool> {
    for (const owner of this.all()) yield* owner.revisions.values();
  }

  /** For the warm path: null when this revision has never been asked for. */
  find(target: RunnableRevision): RevisionPool | null {
    return this.#functions.get(target.functionId)?.revisions.get(target.key) ?? null;
  }

  functionById(id: string): FunctionPool | null {
    return this.#functions.get(id) ?? null;
  }

  open(functionId: string): FunctionPool {
    let owner = this.#functions.get(functionId);
    if (!owner) {
      owner = new FunctionPool(functionId);
      this.#functions.set(functionId, owner);
    }
    return owner;
  }

  /** A revision that was replaced is served too, by its own sandboxes (I3, I9); it is just not kept afterwards. */
  revisionOf(target: RunnableRevision): RevisionPool {
    const owner = this.open(target.functionId);
    let revision = owner.revisions.get(target.key);
    if (!revision) {
      revision = new RevisionPool(target, owner, this.#host, false);
      revision.isRetired = owner.isDeleted || (owner.current !== null && owner.current.key !== target.key);
      owner.revisions.set(target.key, revision);
    }
    return revision;
  }

  /** Null when too many run at once. */
  exclusiveRevision(target: RunnableRevision): RevisionPool | null {
    if (this.#exclusive.size >= EXCLUSIVE_MAX) return null;
    const owner = new FunctionPool(target.functionId);
    const revision = new RevisionPool(target, owner, this.#host, true);
    owner.revisions.set(target.key, revision);
    this.#exclusive.add(owner);
    return revision;
  }

  /** Forgets what was replaced, deleted or tried once nothing of it is left. */
  dropIfDone(revision: RevisionPool): void {
    const { owner } = revision;
    if (!revision.isRetired || !revision.isEmpty) return;
    if (owner.revisions.get(revision.target.key) === revision) owner.revisions.delete(revision.target.key);
    if (revision.classPool) revision.classPool.waiting.delete(revision);
    if (owner.revisions.size > 0 || owner.inFlight > 0) return;
    if (revision.isExclusive) this.#exclusive.delete(owner);
    else this.forgetIfDeleted(owner);
  }

  forgetIfDeleted(owner: FunctionPool): void {
    if (!owner.isDeleted || owner.revisions.size > 0 || owner.inFlight > 0) return;
    if (this.#functions.get(owner.id) === owner) this.#functions.delete(owner.id);
  }
}
