/**
 * A function with this many sandboxes that cannot be removed gets no new one: each keeps a uid and its memory, so a function that
 * makes them at every call would take all uids and all memory of the host. One or two may be bad luck of the host.
 */
const STUCK_MAX = 3;

/** By function, how many of its sandboxes could not be removed yet. A new deploy of the function does not forget them. */
export class StuckCounts {
  readonly #counts = new Map<string, number>();

  add(functionId: string): void {
    this.#counts.set(functionId, this.of(functionId) + 1);
  }

  remove(functionId: string): void {
    const left = this.of(functionId) - 1;
    if (left > 0) this.#counts.set(functionId, left);
    else this.#counts.delete(functionId);
  }

  of(functionId: string): number {
    return this.#counts.get(functionId) ?? 0;
  }

  /** Whether the function gets no new sandbox. */
  isStopped(functionId: string): boolean {
    return this.of(functionId) >= STUCK_MAX;
  }
}
