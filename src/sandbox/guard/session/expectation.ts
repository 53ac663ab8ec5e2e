import type { BoxExit } from '../../../contract/driver.ts';
import type { Frame } from '../../wire/frame-codec.ts';
import type { FrameType } from '../../wire/frame-type.ts';

export type Expected =
  | { kind: 'frame'; frame: Frame }
  | { kind: 'timeout' }
  | { kind: 'aborted'; reason: unknown }
  | { kind: 'died'; exit: BoxExit };

/**
 * Waits for one frame of the connection itself (hello, loaded, loadError) against its clock, an abort and the sandbox's
 * death. Whichever comes first wins, and the rest is ignored. This path is cold, so a promise is fine here.
 */
export class Expectation {
  readonly result: Promise<Expected>;
  readonly #types: readonly FrameType[];
  readonly #resolve: (result: Expected) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  #isSettled = false;

  constructor(types: readonly FrameType[], deadlineMs: number, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<Expected>();
    this.result = promise;
    this.#resolve = resolve;
    this.#types = types;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.settle({ kind: 'timeout' }), deadlineMs);
    this.#onAbort = () => this.settle({ kind: 'aborted', reason: signal.reason });
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** True when the frame was waited for. False makes it a violation. */
  take(frame: Frame): boolean {
    if (this.#isSettled || !this.#types.includes(frame.type)) return false;
    this.settle({ kind: 'frame', frame });
    return true;
  }

  settle(result: Expected): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(result);
  }
}
