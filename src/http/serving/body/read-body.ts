import type { IncomingMessage } from 'node:http';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { BodyBudget } from './body-budget.ts';

export interface BodyReader {
  /** The whole body in one buffer; `heldBytes` of the budget are now the caller's to release. */
  onBody(body: Buffer, heldBytes: number): void;
  /** Refused before or while reading; nothing is held. */
  onRefused(error: ColdframeError): void;
  /** The client went away; nobody is left to answer; nothing is held. */
  onGone(): void;
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads a body of at most `maxBytes` into one buffer. A declared length is reserved from the budget before the first byte
 * is read; a chunked body reserves as it grows. Calls exactly one of the reader's methods, once.
 */
export function readBody(req: IncomingMessage, maxBytes: number, budget: BodyBudget, reader: BodyReader): void {
  const declared = req.headers['content-length'];
  if (declared === undefined) {
    if (req.headers['transfer-encoding'] === undefined) reader.onBody(EMPTY, 0);
    else readChunked(req, maxBytes, budget, reader);
    return;
  }
  const length = Number(declared);
  if (length > maxBytes) reader.onRefused(new ColdframeError('payload_too_large'));
  else if (length === 0) reader.onBody(EMPTY, 0);
  else if (!budget.reserve(length)) reader.onRefused(new ColdframeError('overloaded'));
  else readDeclared(req, length, budget, reader);
}

function readDeclared(req: IncomingMessage, length: number, budget: BodyBudget, reader: BodyReader): void {
  let whole: Buffer | null = null;
  let filled = 0;
  let isDone = false;
  req.on('data', (chunk: Buffer) => {
    if (filled === 0 && chunk.length === length) whole = chunk;
    else {
      whole ??= Buffer.allocUnsafeSlow(length);
      chunk.copy(whole, filled);
    }
    filled += chunk.length;
  });
  req.on('end', () => {
    if (isDone) return;
    isDone = true;
    reader.onBody(whole ?? EMPTY, length);
  });
  req.on('error', () => {
    if (isDone) return;
    isDone = true;
    budget.release(length);
    reader.onGone();
  });
}

function readChunked(req: IncomingMessage, maxBytes: number, budget: BodyBudget, reader: BodyReader): void {
  let chunks: Buffer[] = [];
  let held = 0;
  let isDone = false;
  const refuse = (error: ColdframeError): void => {
    isDone = true;
    budget.release(held);
    chunks = [];
    reader.onRefused(error);
  };
  req.on('data', (chunk: Buffer) => {
    if (isDone) return;
    if (held + chunk.length > maxBytes) refuse(new ColdframeError('payload_too_large'));
    else if (!budget.reserve(chunk.length)) refuse(new ColdframeError('overloaded'));
    else {
      held += chunk.length;
      chunks.push(chunk);
    }
  });
  req.on('end', () => {
    if (isDone) return;
    isDone = true;
    reader.onBody(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, held), held);
  });
  req.on('error', () => {
    if (isDone) return;
    isDone = true;
    budget.release(held);
    reader.onGone();
  });
}
