import type { IncomingMessage } from 'node:http';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { BodyBudget } from './body-budget.ts';
import type { CutReason, Holding, Party } from './holding.ts';

export interface BodyReader {
  /** The whole body in one buffer; what is held is now the caller's to release, 0 for nothing. */
  onBody(body: Buffer, held: number | Holding): void;
  /** Refused before or while it was read. Nothing is held. */
  onRefused(error: ColdframeError): void;
  /** The client went away. Nobody is left to answer, and nothing is held. */
  onGone(): void;
}

const EMPTY = Buffer.alloc(0);
/** A client that was cut for being slow gets this long to take the refusal. Then its connection is closed. */
const REFUSAL_MS = 2_000;

/**
 * Reads a body of at most `maxBytes` into one buffer. Every byte counts against the budget from when it is here, so a client
 * that declares much and sends nothing holds nothing; one that sends too slowly, or is the slowest when there is no room, is
 * refused. Calls exactly one of the reader's methods, once.
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
  party: Party,
  reader: BodyReader,
): void {
  const declared = req.headers['content-length'];
  if (declared === undefined && req.headers['transfer-encoding'] === undefined) {
    reader.onBody(EMPTY, 0);
    return;
  }
  const length = declared === undefined ? null : Number(declared);
  if (length !== null && length > maxBytes) reader.onRefused(new ColdframeError('payload_too_large'));
  else if (length === 0) reader.onBody(EMPTY, 0);
  else read(req, { length, maxBytes }, budget, party, reader);
}

function read(
  req: IncomingMessage,
  { length, maxBytes }: { length: number | null; maxBytes: number },
  budget: BodyBudget,
  party: Party,
  reader: BodyReader,
): void {
  const gathered = length === null ? new GatheredChunks() : new GatheredLength(length);
  let isDone = false;
  const refuse = (error: ColdframeError): void => {
    if (isDone) return;
    isDone = true;
    gathered.drop();
    reader.onRefused(error);
  };
  const onCut = (reason: CutReason): void => {
    refuse(new ColdframeError(reason === 'slow' ? 'request_timeout' : 'overloaded'));
    if (reason === 'slow') setTimeout(() => req.socket.destroy(), REFUSAL_MS).unref();
  };
  const holding = budget.arriving(party, onCut);
  req.on('data', (chunk: Buffer) => {
    if (isDone) return;
    if (holding.bytes + chunk.length > maxBytes) {
      holding.release();
      refuse(new ColdframeError('payload_too_large'));
    } else if (holding.grow(chunk.length)) gathered.add(chunk);
    else refuse(new ColdframeError('overloaded'));
  });
  req.on('end', () => {
    if (isDone) return;
    isDone = true;
    holding.keep();
    reader.onBody(gathered.whole(), holding);
  });
  req.on('error', () => {
    if (isDone) return;
    isDone = true;
    holding.release();
    gathered.drop();
    reader.onGone();
  });
}

/** A body of known length. It is written into its buffer as it comes; a body that comes in one piece is not copied. */
class GatheredLength {
  readonly #length: number;
  #whole: Buffer | null = null;
  #filled = 0;

  constructor(length: number) {
    this.#length = length;
  }

  add(chunk: Buffer): void {
    if (this.#filled === 0 && chunk.length === this.#length) this.#whole = chunk;
    else {
      this.#whole ??= Buffer.allocUnsafeSlow(this.#length);
      chunk.copy(this.#whole, this.#filled);
    }
    this.#filled += chunk.length;
  }

  whole(): Buffer {
    return this.#whole ?? EMPTY;
  }

  drop(): void {
    this.#whole = null;
  }
}

/** A body of unknown length. */
class GatheredChunks {
  #chunks: Buffer[] = [];

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  whole(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
  }

  drop(): void {
    this.#chunks = [];
  }
}
