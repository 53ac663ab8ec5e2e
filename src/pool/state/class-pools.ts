import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import { ClassPool } from './class-pool.ts';
import type { FunctionPool } from './function-pool.ts';
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

  classPoolOf(target: RunnableRevision, driver: GuardedDriver): ClassPool {
    return this.#open(classOfRevision(target, driver), driver);
  }

  /** Called at start and whenever an isolation came or went. */
  stockDefaults(): void {
    for (const classPool of this.#pools.values()) classPool.baseline = 0;
    const [preferred] = this.#drivers.usable();
    if (!preferred) return;
    for (const runtime of preferred.lastProbe?.runtimes ?? []) {
      this.#open(defaultClass(runtime, preferred), preferred).baseline = this.#baseline;
    }
  }

  /** Keeps the class of a function's newest revision ready; it stays unknown while its isolation is not usable. */
  stockFor(owner: FunctionPool): void {
    let classPool: ClassPool | null = null;
    const { current } = owner;
    if (current !== null && !owner.isDeleted) {
      const answer = this.#drivers.forRevision(current.revision.isolation, current.settings.runtime);
      if (answer.state === 'usable') classPool = this.classPoolOf(current, answer.driver);
    }
    if (classPool === owner.stockedClass) return;
    if (owner.stockedClass) owner.stockedClass.functionCount--;
    if (classPool) classPool.functionCount++;
    owner.stockedClass = classPool;
  }

  /** Forgets classes that nothing uses any more. */
  sweep(nowMs: number): void {
    for (const [key, classPool] of this.#pools) if (classPool.isUnused(nowMs)) this.#pools.delete(key);
  }

  #open(sandboxClass: SandboxClass, driver: GuardedDriver): ClassPool {
    let classPool = this.#pools.get(sandboxClass.key);
    if (!classPool) {
      classPool = new ClassPool(sandboxClass, driver);
      this.#pools.set(sandboxClass.key, classPool);
    }
    return classPool;
  }
}
