/** Keep-alives, surplus and back-offs are looked at this often; everything else asks for a plan when it happens. */
const TICK_MS = 1_000;
/** A refill decided at a claim waits for the reply, at most this long: a handler may run for minutes. */
const REFILL_HOLD_MS = 100;

/**
 * When to plan: soon after anything changed (changes of one turn of the event loop share one plan, after their replies were
 * written) and every second. A claim holds refills back until its reply has left, so that making the next sandbox does not
 * slow the call that used the last one.
 */
export class PlanLoop {
  readonly #run: () => void;
  #immediate: NodeJS.Immediate | null = null;
  #tick: NodeJS.Timeout | null = null;
  #hold: NodeJS.Timeout | null = null;
  #isStopped = false;
  refillHeldUntilMs = 0;

  constructor(run: () => void) {
    this.#run = run;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#tick ??= setInterval(() => this.request(), TICK_MS).unref();
    this.request();
  }

  request(): void {
    if (this.#immediate !== null || this.#isStopped) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = null;
      this.#run();
    });
  }

  holdRefill(): void {
    if (this.#hold !== null || this.#isStopped) return;
    this.refillHeldUntilMs = performance.now() + REFILL_HOLD_MS;
    this.#hold = setTimeout(() => this.releaseRefill(), REFILL_HOLD_MS).unref();
  }

  releaseRefill(): void {
    if (this.#hold !== null) clearTimeout(this.#hold);
    this.#hold = null;
    this.refillHeldUntilMs = 0;
    this.request();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#tick !== null) clearInterval(this.#tick);
    if (this.#hold !== null) clearTimeout(this.#hold);
    this.#immediate = null;
    this.#tick = null;
    this.#hold = null;
  }
}
