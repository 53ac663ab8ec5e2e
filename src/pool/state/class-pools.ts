import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import { ClassDesk } from './class-pool.ts';
import type { FunctionDesk } from './function-pool.ts';
import { classOfRevision, defaultClass, type SandboxClass } from './sandbox-class.ts';

/**
 * The classes of sandboxes there are, and which ones are kept ready: the default class of every runtime of the strongest
 * usable isolation from the start, the class of every deployed function, and whatever was claimed lately.
 */
export class Stock {
  readonly #desks = new Map<string, ClassDesk>();
  readonly #drivers: DriverSource;
  readonly #baseline: number;

  constructor(drivers: DriverSource, baseline: number) {
    this.#drivers = drivers;
    this.#baseline = baseline;
  }

  get desks(): readonly ClassDesk[] {
    return [...this.#desks.values()];
  }

  byKey(key: string): ClassDesk | null {
    return this.#desks.get(key) ?? null;
  }

  deskOf(target: RunnableRevision, driver: GuardedDriver): ClassDesk {
    return this.#open(classOfRevision(target, driver), driver);
  }

  /** Called at start and whenever an isolation came or went. */
  stockDefaults(): void {
    for (const desk of this.#desks.values()) desk.baseline = 0;
    const [preferred] = this.#drivers.usable();
    if (!preferred) return;
    for (const runtime of preferred.lastProbe?.runtimes ?? []) {
      this.#open(defaultClass(runtime, preferred), preferred).baseline = this.#baseline;
    }
  }

  /** Keeps the class of a function's newest revision ready; it stays unknown while its isolation is not usable. */
  stockFor(owner: FunctionDesk): void {
    let desk: ClassDesk | null = null;
    const { current } = owner;
    if (current !== null && !owner.isDeleted) {
      const answer = this.#drivers.forRevision(current.revision.isolation, current.settings.runtime);
      if (answer.state === 'usable') desk = this.deskOf(current, answer.driver);
    }
    if (desk === owner.stockedClass) return;
    if (owner.stockedClass) owner.stockedClass.functionCount--;
    if (desk) desk.functionCount++;
    owner.stockedClass = desk;
  }

  /** Forgets classes that nothing uses any more. */
  sweep(nowMs: number): void {
    for (const [key, desk] of this.#desks) if (desk.isUnused(nowMs)) this.#desks.delete(key);
  }

  #open(sandboxClass: SandboxClass, driver: GuardedDriver): ClassDesk {
    let desk = this.#desks.get(sandboxClass.key);
    if (!desk) {
      desk = new ClassDesk(sandboxClass, driver);
      this.#desks.set(sandboxClass.key, desk);
    }
    return desk;
  }
}
