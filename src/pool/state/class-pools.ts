import { RUNTIMES } from '../../domain/runtimes.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import { ClassPool } from './class-pool.ts';
import type { FunctionPool } from './function-pool.ts';
import type { RevisionPool } from './revision-pool.ts';
import { classOfRevision, defaultClass, type SandboxClass } from './sandbox-class.ts';

/**
 * The classes of sandboxes there are, and which ones are kept ready: the default class of every runtime of the strongest
 * usable isolation from the start, the class of every deployed function, and whatever was claimed lately.
 */
export class ClassPools {
  readonly #pools = new Map<string, ClassPool>();
  readonly #drivers: DriverSource;
  readonly #baseline: number;

  constructor(drivers: DriverSource, baseline: number) {
    this.#drivers = drivers;
    this.#baseline = baseline;
  }

  get all(): readonly ClassPool[] {
    return [...this.#pools.values()];
  }

  byKey(key: string): ClassPool | null {
    return this.#pools.get(key) ?? null;
  }

  /** Opened anew where it was swept away while nothing used it. */
  of(sandboxClass: SandboxClass): ClassPool {
    let classPool = this.#pools.get(sandboxClass.key);
    if (!classPool) {
      classPool = new ClassPool(sandboxClass);
      this.#pools.set(sandboxClass.key, classPool);
    }
    return classPool;
  }

  /** It wants no sandbox any more. */
  forget(revision: RevisionPool): void {
    if (revision.sandboxClass !== null) this.byKey(revision.sandboxClass.key)?.waiting.delete(revision);
  }

  /** Called at start and whenever an isolation came or went. */
  stockDefaults(): void {
    for (const classPool of this.#pools.values()) classPool.baseline = 0;
    const [preferred] = this.#drivers.usable();
    if (!preferred) return;
    for (const runtime of RUNTIMES) {
      if (this.#drivers.get(preferred.isolation, runtime).state !== 'usable') continue;
      this.of(defaultClass(runtime, preferred)).baseline = this.#baseline;
    }
  }

  /** Keeps one ready for each class of a function's live revisions; a class is unknown while its isolation is not usable. */
  stockFor(owner: FunctionPool): void {
    const stocked = new Set<ClassPool>();
    for (const { target, isStocked } of owner.live) {
      if (!isStocked) continue;
      const answer = this.#drivers.forRevision(target.revision.isolation, target.settings.runtime);
      if (answer.state === 'usable') stocked.add(this.of(classOfRevision(target, answer.driver)));
    }
    for (const classPool of owner.stocked) if (!stocked.has(classPool)) classPool.functionCount--;
    for (const classPool of stocked) if (!owner.stocked.has(classPool)) classPool.functionCount++;
    owner.stocked = stocked;
  }

  /** Forgets classes that nothing uses any more. One that a minWarm of these functions needs stays, with its back-off. */
  sweep(functions: Iterable<FunctionPool>, nowMs: number): void {
    const needed = new Set<string>();
    for (const owner of functions) {
      for (const { target, minWarm } of owner.live) {
        const sandboxClass = minWarm === 0 ? null : owner.revisions.get(target.key)?.sandboxClass;
        if (sandboxClass) needed.add(sandboxClass.key);
      }
    }
    for (const [key, classPool] of this.#pools) {
      if (!needed.has(key) && classPool.isUnused(nowMs)) this.#pools.delete(key);
    }
  }
}
