import { MIB } from '../../domain/limits.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

/** How long a heap may stand above its limit; the kernel's own limit, which counts files too, holds meanwhile. */
const LOOK_EVERY_MS = 250;
/** Groups looked at in one turn, each with one read of a few bytes. */
const LOOKS_PER_TURN = 128;

/**
 * Ends sandboxes whose processes hold more memory than their function was given. The kernel's limit cannot say that: what a
 * sandbox keeps in its /tmp is charged to the same group, so it stands at the sum of both. Frozen sandboxes cost nothing, since
 * they cannot grow, and without any other there is no timer.
 */
export class HeapWatch {
  readonly #watched = new Map<SandboxCgroup, number>();
  #timer: NodeJS.Timeout | null = null;
  #next: Iterator<[SandboxCgroup, number]> | null = null;

  /** Until the group is removed. `heapMib`: what its processes may hold, beside files. */
  add(cgroup: SandboxCgroup, heapMib: number): void {
    this.#watched.set(cgroup, heapMib * MIB);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  #look(): void {
    for (let looks = Math.min(LOOKS_PER_TURN, this.#watched.size); looks > 0; looks--) {
      const [cgroup, heapBytes] = this.#nextOne() ?? [];
      if (cgroup === undefined || heapBytes === undefined) break;
      if (cgroup.isRemoved) this.#watched.delete(cgroup);
      else if (isBeyond(cgroup, heapBytes)) cgroup.killForMemory();
    }
    if (this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** In turn, from where the last look ended. */
  #nextOne(): [SandboxCgroup, number] | undefined {
    let next = this.#next?.next();
    if (next === undefined || next.done) {
      this.#next = this.#watched.entries();
      next = this.#next.next();
    }
    return next.done ? undefined : next.value;
  }
}

/** All that is charged is read first: it is one number, and mostly below. */
function isBeyond(cgroup: SandboxCgroup, heapBytes: number): boolean {
  if (cgroup.isFrozen || (cgroup.currentBytes() ?? 0) <= heapBytes) return false;
  return (cgroup.anonymousBytes() ?? 0) > heapBytes;
}
