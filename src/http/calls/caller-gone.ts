import type { LeaveSignal } from '../../domain/leave-signal.ts';
import type { HttpReply } from '../serving/replies/http-reply.ts';

/**
 * Becomes true once the caller has left before its whole reply was handed to the socket. An AbortSignal would say the
 * same, but it costs an event target, and a busy function makes one per call.
 */
export class CallerGone implements LeaveSignal {
  readonly #reply: HttpReply;
  #listeners: (() => void)[] | null = null;

  constructor(reply: HttpReply) {
    this.#reply = reply;
  }

  get aborted(): boolean {
    return this.#reply.destroyed && !this.#reply.writableFinished;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listeners === null) {
      this.#listeners = [];
      this.#reply.once('close', this.#onClose);
    }
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners?.filter((other) => other !== listener) ?? null;
  }

  readonly #onClose = (): void => {
    if (!this.aborted) return;
    for (const listener of this.#listeners ?? []) listener();
  };
}
