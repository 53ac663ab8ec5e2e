import type { BoxExit } from '../../../contract/driver.ts';
import { readShellExit } from '../../../host/launch/read-shell-exit.ts';

/** Waits between looks at whether anything still runs, in milliseconds. The first are short, because a reply waits. */
const LOOK_FIRST_MS = 2;
const LOOK_MAX_MS = 50;

export interface ExitSources {
  /** Whether any process of the container lives; synchronous, asks the kernel. */
  isAlive(): boolean;
  oomKills(): number;
  /** How often memory reached its limit. This sign remains when the group that counted the kill is already gone. */
  limitHits(): number;
  /**
   * True when a kill by the host's kernel shows as SIGKILL. Under a kernel of its own it may show as any failing exit
   * code.
   */
  showsKills: boolean;
  /** The exit code the daemon saw. Rejects, or takes long, when the daemon cannot say. */
  exitCode(): Promise<number>;
}

/**
 * Tells once how a container ended. It begins to look when the channel has closed or the container was killed, since no
 * warm call may ask the daemon. It asks the daemon only for the exit code of a container that ended by itself.
 */
export class ContainerExit {
  readonly exited: Promise<BoxExit>;
  readonly #resolve: (exit: BoxExit) => void;
  readonly #sources: ExitSources;
  #looking = false;
  #settled = false;
  #killed = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(sources: ExitSources) {
    this.#sources = sources;
    const { promise, resolve } = Promise.withResolvers<BoxExit>();
    this.exited = promise;
    this.#resolve = resolve;
  }

  /** A sign of the end was seen: looks until the container has ended. */
  expect(options: { killed: boolean }): void {
    if (options.killed) this.#killed = true;
    if (this.#looking || this.#settled) return;
    this.#looking = true;
    this.#look(LOOK_FIRST_MS);
  }

  /** Nothing of the container is left, whatever its last processes did. */
  destroyed(): void {
    this.#settle({ cause: 'destroyed', exitCode: null, signal: null });
  }

  #look(waitMs: number): void {
    if (this.#settled) return;
    if (this.#sources.isAlive()) {
      this.#timer = setTimeout(() => this.#look(Math.min(waitMs * 2, LOOK_MAX_MS)), waitMs);
      return;
    }
    if (this.#sources.oomKills() > 0) this.#settle({ cause: 'oom', exitCode: null, signal: 'SIGKILL' });
    else if (this.#killed) this.#settle({ cause: 'signal', exitCode: null, signal: 'SIGKILL' });
    else this.#ask();
  }

  #ask(): void {
    this.#sources.exitCode().then(
      (code) => this.#settle(this.#exitOf(code)),
      () => this.#settle({ cause: 'lost', exitCode: null, signal: null }),
    );
  }

  #settle(exit: BoxExit): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#resolve(exit);
  }

  #exitOf(code: number): BoxExit {
    const { signal } = readShellExit({ cause: 'exit', exitCode: code, signal: null });
    const looksKilled = this.#sources.showsKills ? signal === 'SIGKILL' : code !== 0;
    if (looksKilled && this.#sources.limitHits() > 0) return { cause: 'oom', exitCode: code, signal };
    return { cause: signal === null ? 'exit' : 'signal', exitCode: code, signal };
  }
}
