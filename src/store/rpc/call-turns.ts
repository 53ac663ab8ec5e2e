/** What takes turns: the calls of one caller among themselves in the order in which they came. */
export interface TurnTaker {
  caller: string;
  /** Nobody waits for the answer any more. */
  isGivenUp(): boolean;
}

/**
 * A queue in which callers take turns: however many calls one of them has waiting, another's next call waits for one call of
 * each other caller at most. What was given up is let go of when its turn comes. Whoever pushes bounds its length.
 */
export class CallTurns<Call extends TurnTaker> {
  /** In the order of turns: the first caller is next. */
  readonly #byCaller = new Map<string, Call[]>();

  push(call: Call): void {
    const waiting = this.#byCaller.get(call.caller);
    if (waiting === undefined) this.#byCaller.set(call.caller, [call]);
    else waiting.push(call);
  }

  /** The call whose turn it is. Null when none is left. */
  take(): Call | null {
    for (const [caller, waiting] of this.#byCaller) {
      this.#byCaller.delete(caller);
      const first = waiting.findIndex((call) => !call.isGivenUp());
      if (first === -1) continue;
      const rest = waiting.slice(first + 1);
      if (rest.length > 0) this.#byCaller.set(caller, rest);
      return waiting[first]!;
    }
    return null;
  }
}
