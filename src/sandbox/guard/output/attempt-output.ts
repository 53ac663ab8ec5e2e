import type { Readable } from 'node:stream';
import type { AttemptLogs } from '../../../contract/sandbox.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { type OutputPiece, splitLines } from './line-splitter.ts';
import type { PauseClock } from './pause-clock.ts';

/** What one attempt (or the time between two) has printed so far, bounded; the cut is marked. */
export class OutputBuffer {
  #pieces: OutputPiece[] = [];
  #keptBytes = 0;
  #truncated = false;

  add(stream: OutputPiece['stream'], bytes: Buffer): void {
    const room = LIMITS.logsPerAttemptMaxBytes - this.#keptBytes;
    if (bytes.length > room) this.#truncated = true;
    if (room <= 0 || bytes.length === 0) return;
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#keptBytes += kept.length;
    this.#pieces.push({ atMs: Date.now(), stream, bytes: kept });
    if (this.#pieces.length >= PIECES_MAX) this.#join();
  }

  /**
   * Takes the text of one console call, with or without its newline. The bytes are copied, because they are a view on
   * what the channel read. When no room is left, the text is not even looked at.
   */
  addLine({ meta, body: text }: Frame): void {
    const room = LIMITS.logsPerAttemptMaxBytes - this.#keptBytes;
    if (room <= 0) {
      this.#truncated = true;
      return;
    }
    const stream = logStream(meta);
    if (text.at(-1) === NEWLINE[0]) this.add(stream, Buffer.from(text.subarray(0, room + 1)));
    else this.add(stream, Buffer.concat([text.subarray(0, room + 1), NEWLINE]));
  }

  markTruncated(): void {
    this.#truncated = true;
  }

  /**
   * Takes everything of `other` (which is newer than ours or of another source), within the usual bound. `other` is
   * empty afterwards.
   */
  absorb(other: OutputBuffer): void {
    for (const piece of other.#pieces) {
      this.add(piece.stream, piece.bytes);
      const own = this.#pieces.at(-1);
      if (own !== undefined) own.atMs = piece.atMs;
    }
    this.#truncated ||= other.#truncated;
    other.#reset();
  }

  /** Hands over what is kept and begins anew. */
  take(): AttemptLogs {
    if (this.#pieces.length === 0 && !this.#truncated) return { lines: [], truncated: false };
    const { lines, truncated } = splitLines(this.#pieces);
    const logs = { lines, truncated: truncated || this.#truncated };
    this.#reset();
    return logs;
  }

  /** A function that prints byte by byte must not make an object per byte. Joined pieces keep the time of the first. */
  #join(): void {
    const joined: OutputPiece[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      const own = this.#pieces.filter((piece) => piece.stream === stream);
      const first = own[0];
      if (first === undefined) continue;
      joined.push({ atMs: first.atMs, stream, bytes: Buffer.concat(own.map((piece) => piece.bytes)) });
    }
    this.#pieces = joined;
  }

  #reset(): void {
    this.#pieces = [];
    this.#keptBytes = 0;
    this.#truncated = false;
  }
}

/** An honest shim writes `{"s":2}`. What is longer is not parsed: it may be 64 KiB, with every line. */
const LOG_META_MAX_BYTES = 16;

/** Which stream a log frame stands for. */
function logStream(meta: Buffer): OutputPiece['stream'] {
  return meta.length <= LOG_META_MAX_BYTES && parseMeta(meta)?.s === 2 ? 'stderr' : 'stdout';
}

const NEWLINE = Buffer.from('\n');
/** Reads kept apart before they are joined. */
const PIECES_MAX = 4096;
/** Longest sleep of a reader that is over its rate. It is short, so that a writer never waits long after a burst. */
const PAUSE_MAX_MS = 250;
/**
 * What is read above the rate after a result: what both pipes hold (64 KiB each) and what Node has read of them already. A writer that
 * fills them meanwhile must not be read for as long as calls end.
 */
const DRAIN_MAX_BYTES = 256 * 1024;

/**
 * Reads stdout and stderr of one sandbox all the time into the buffer of whatever runs. It reads at most 1 MiB a
 * second; beyond that both readers are paused and the writers wait. Output between attempts stays, bounded, for the
 * next one.
 */
export class SandboxOutput {
  readonly #stdout: Readable;
  readonly #stderr: Readable;
  readonly #pauses: PauseClock;
  readonly #buffer = new OutputBuffer();
  #tokens = LIMITS.logRateMaxBytesPerSecond;
  #filledAtMs = 0;
  #pause: NodeJS.Timeout | null = null;
  /** Attempts whose last output is being collected. Above the rate, their bytes are read but dropped. */
  #draining = 0;
  /** Left of DRAIN_MAX_BYTES since the last result. */
  #drainBytes = 0;
  #closed = false;

  constructor(stdout: Readable, stderr: Readable, pauses: PauseClock) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#pauses = pauses;
    stdout.on('data', (bytes: Buffer) => this.#onData('stdout', bytes));
    stderr.on('data', (bytes: Buffer) => this.#onData('stderr', bytes));
    // A pipe that breaks means a death. The channel and `exited` tell of it, with its cause.
    stdout.on('error', ignore);
    stderr.on('error', ignore);
    stdout.resume();
    stderr.resume();
  }

  /** A result has come: reads what is already in the pipes, even above the rate, until the matching `endDrain`. */
  beginDrain(): void {
    this.#draining += 1;
    this.#drainBytes = DRAIN_MAX_BYTES;
    if (this.#pause !== null) this.#resume();
  }

  /** Hands over what was printed. `own` are the lines attributed to the call; null when there are no such lines. */
  endDrain(own: OutputBuffer | null): AttemptLogs {
    this.#draining -= 1;
    if (own === null) return this.#buffer.take();
    own.absorb(this.#buffer);
    return own.take();
  }

  /** Takes a console line that belongs to no running call. */
  addLine(frame: Frame): void {
    this.#buffer.addLine(frame);
  }

  /** What has been read so far, without waiting for more. */
  take(): AttemptLogs {
    return this.#buffer.take();
  }

  close(): void {
    this.#closed = true;
    this.#endPause();
    this.#stdout.destroy();
    this.#stderr.destroy();
  }

  #onData(stream: OutputPiece['stream'], bytes: Buffer): void {
    if (this.#closed) return;
    this.#refill();
    this.#tokens -= bytes.length;
    if (this.#tokens >= 0) {
      this.#buffer.add(stream, bytes);
      return;
    }
    if (this.#draining > 0 && this.#drainBytes > 0) {
      this.#tokens = 0;
      this.#drainBytes -= bytes.length;
      this.#buffer.markTruncated();
      return;
    }
    this.#buffer.add(stream, bytes);
    if (this.#pause === null) this.#sleep();
  }

  #refill(): void {
    const nowMs = performance.now();
    const rate = LIMITS.logRateMaxBytesPerSecond;
    this.#tokens = Math.min(rate, this.#tokens + ((nowMs - this.#filledAtMs) * rate) / 1000);
    this.#filledAtMs = nowMs;
  }

  #sleep(): void {
    this.#stdout.pause();
    this.#stderr.pause();
    this.#pauses.begin();
    const waitMs = Math.min(PAUSE_MAX_MS, (-this.#tokens * 1000) / LIMITS.logRateMaxBytesPerSecond + 1);
    this.#pause = setTimeout(() => this.#resume(), waitMs);
    this.#pause.unref();
  }

  #resume(): void {
    this.#endPause();
    this.#stdout.resume();
    this.#stderr.resume();
  }

  #endPause(): void {
    if (this.#pause === null) return;
    clearTimeout(this.#pause);
    this.#pause = null;
    this.#pauses.end();
  }
}

function ignore(): void {}
