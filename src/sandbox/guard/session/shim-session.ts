import type { Box, BoxExit } from '../../../contract/driver.ts';
import type { AttemptLogs } from '../../../contract/sandbox.ts';
import { FrameChannel } from '../../wire/frame-channel.ts';
import type { Frame } from '../../wire/frame-codec.ts';
import { FRAME, FROM_SHIM, type FrameType } from '../../wire/frame-type.ts';
import { settleAfterPoll } from '../exchange/settle-queue.ts';
import { SandboxOutput } from '../output/attempt-output.ts';
import { PauseClock } from '../output/pause-clock.ts';
import { DeathWatch } from './death-watch.ts';
import { Expectation, type Expected } from './expectation.ts';
import type { HandshakePort } from './handshake.ts';
import type { LoadPort } from './load-handler.ts';

/** What a session tells its sandbox. */
export interface SessionOwner {
  /** A frame of a call, or a console line. */
  onCallFrame(frame: Frame): void;
  onViolation(detail: string): void;
  /** The connection broke with something in it that the shim had not read. */
  onUnread(): void;
  /** The box ended by itself. */
  onDeath(exit: BoxExit): void;
  /** Loading asks for the end. */
  onKill(reason: string): void;
}

/**
 * The connection to the shim of one box, its output and the watch over its life: everything that happens outside of calls.
 * It takes frames of stream 0 only while they are expected; `terminate` ends it for good.
 */
export class ShimSession implements HandshakePort, LoadPort {
  readonly id: string;
  readonly token: string;
  readonly box: Box;
  readonly output: SandboxOutput;
  readonly pauses = new PauseClock();
  readonly #owner: SessionOwner;
  readonly #channel: FrameChannel;
  readonly #death: DeathWatch;
  #expectation: Expectation | null = null;
  #exit: BoxExit | null = null;

  constructor(box: Box, owner: SessionOwner) {
    this.id = box.id;
    this.token = box.token;
    this.box = box;
    this.#owner = owner;
    this.output = new SandboxOutput(box.stdout, box.stderr, this.pauses);
    this.#death = new DeathWatch(box, (exit) => owner.onDeath(exit));
    this.#channel = new FrameChannel({
      duplex: box.channel,
      accepts: FROM_SHIM,
      onFrame: (frame) => this.#onFrame(frame),
      onThrottle: (isThrottled) => (isThrottled ? this.pauses.begin() : this.pauses.end()),
      onViolation: (violation) => {
        // A process that is killed while it writes leaves half a frame. That is a death, not a violation.
        if (violation.kind !== 'truncated') owner.onViolation(violation.detail);
      },
      onClose: (error) => {
        if (saysUnread(error)) owner.onUnread();
        this.#death.channelClosed();
      },
    });
    // Drivers hand it over paused, so that no byte is lost between the accept and here.
    this.#channel.resume();
  }

  /** How it ended; null while nobody has called `terminate`. */
  get exit(): BoxExit | null {
    return this.#exit;
  }

  /** True while no sign of an end has been seen. */
  get isUp(): boolean {
    return !this.#death.isDying && this.#channel.isOpen;
  }

  /**
   * False when nothing was written, because the session is not up or the shim has stopped reading. `mayWait`: see
   * FrameChannel.
   */
  send(type: FrameType, stream: number, meta: string, body: Uint8Array | null, mayWait = false): boolean {
    return !this.#death.isDying && this.#channel.send(type, stream, meta, body, mayWait);
  }

  async expect(types: readonly FrameType[], deadlineMs: number, signal: AbortSignal): Promise<Expected> {
    if (this.#exit !== null) return { kind: 'died', exit: this.#exit };
    this.#expectation = new Expectation(types, deadlineMs, signal);
    const result = await this.#expectation.result;
    this.#expectation = null;
    return result;
  }

  kill(reason: string): void {
    this.#owner.onKill(reason);
  }

  violate(detail: string): void {
    this.#owner.onViolation(detail);
  }

  logsSoFar(): AttemptLogs {
    return this.output.take();
  }

  async logsAtEnd(): Promise<AttemptLogs> {
    this.output.beginDrain();
    await new Promise<void>((resolve) => settleAfterPoll({ settle: resolve }));
    return this.output.endDrain(null);
  }

  /** The first step of every ending. From now on `exit` tells how it ended, and the box's own death is no news. */
  markEnded(exit: BoxExit): void {
    this.#exit = exit;
    this.#death.stop();
  }

  /** Kills the box and closes the channel. Output stays readable until `output.close`. */
  terminate(exit: BoxExit): void {
    this.box.kill();
    this.#channel.close();
    this.#expectation?.settle({ kind: 'died', exit });
  }

  #onFrame(frame: Frame): void {
    if (frame.stream !== 0 || frame.type === FRAME.log) this.#owner.onCallFrame(frame);
    else if (!this.#expectation?.take(frame)) this.#owner.onViolation(`frame type ${frame.type} out of order`);
  }
}

/** A Unix socket closed with unread bytes in it is reset; one closed before a write breaks the pipe. unix(7) */
function saysUnread(error: Error | null): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
