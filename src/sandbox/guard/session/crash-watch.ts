import type { BoxExit } from '../../../contract/driver.ts';
import type { AttemptLogs, Crash } from '../../../contract/sandbox.ts';

/**
 * Tells of a sandbox that ended by itself while no call waited for a reply. It waits until the sandbox's last output
 * has been read.
 */
export class CrashWatch {
  readonly #listeners: ((crash: Crash) => void)[] = [];
  #crash: Crash | null = null;
  #told: Promise<void> | null = null;

  /** Calls back once, even when the crash has already happened. */
  onCrash(listener: (crash: Crash) => void): void {
    if (this.#crash === null) this.#listeners.push(listener);
    else listener(this.#crash);
  }

  begin(exit: BoxExit, lastOutput: Promise<AttemptLogs>): void {
    this.#told = lastOutput.then((logs) => {
      this.#crash = { exit, logs };
      for (const listener of this.#listeners.splice(0)) listener(this.#crash);
    });
  }

  /** Runs `close` when nothing more has to be read. That is at once, unless the sandbox crashed. */
  whenTold(close: () => void): void {
    if (this.#told === null) close();
    else void this.#told.finally(close);
  }
}
