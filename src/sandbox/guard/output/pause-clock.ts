/** How long a sandbox has not been read from because it sent too much: time counts once, whatever was paused meanwhile. */
export class PauseClock {
  #pauses = 0;
  #beganAtMs = 0;
  #endedMs = 0;

  /** Milliseconds so far, a pause that goes on included. */
  get totalMs(): number {
    return this.#pauses === 0 ? this.#endedMs : this.#endedMs + performance.now() - this.#beganAtMs;
  }

  begin(): void {
    if (this.#pauses === 0) this.#beganAtMs = performance.now();
    this.#pauses += 1;
  }

  /** Once for each `begin`. */
  end(): void {
    this.#pauses -= 1;
    if (this.#pauses === 0) this.#endedMs += performance.now() - this.#beganAtMs;
  }
}
