import { MIB } from '../../domain/limits.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';

/** How long a heap may stand above its limit. The kernel's own limit, which counts files too, holds in the meantime. */
const LOOK_EVERY_MS = 250;
/** How many groups are looked at in one turn. Each costs one read of a few bytes. */
const LOOKS_PER_TURN = 128;

/**
 * Ends sandboxes whose processes hold more memory than their function was given. The kernel's limit cannot do that:
 * what a sandbox keeps in its /tmp is charged to the same group, so the limit is the sum of both. Frozen sandboxes cost
 * nothing, since they cannot grow. The timer runs only while some sandbox is not frozen.
 */
export class HeapWatch {
  readonly #watched = new Map<SandboxCgroup, number>();
  #timer: NodeJS.Timeout | null = null;
  #next: Iterator<[SandboxCgroup, number]> | null = null;

  /** Watches the group until it is removed. `heapMib`: what its processes may hold, without files. */
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

  /** Groups take turns: each look begins where the last one ended. */
  #nextOne(): [SandboxCgroup, number] | undefined {
    let next = this.#next?.next();
    if (next === undefined || next.done) {
      this.#next = this.#watched.entries();
      next = this.#next.next();
    }
    return next.done ? undefined : next.value;
  }
}

/** The total charge is read first: it is one number, and mostly below the limit. */
function isBeyond(cgroup: SandboxCgroup, heapBytes: number): boolean {
  if (cgroup.isFrozen || (cgroup.currentBytes() ?? 0) <= heapBytes) return false;
  return (cgroup.anonymousBytes() ?? 0) > heapBytes;
}
