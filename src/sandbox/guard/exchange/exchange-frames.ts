import { LIMITS } from '../../../domain/limits.ts';
import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { FRAME } from '../../wire/frame-type.ts';
import type { Exchange } from './exchange.ts';
import { parseFunctionError } from './function-error.ts';
import { ReplyRelay } from './reply-relay.ts';

/** What a frame of a call asks of the sandbox: nothing, to retire after the reply, or to be killed for a violation. */
export type FrameVerdict = null | 'retire' | { violation: string };

/** Sends `bytes` of credit on a stream. */
export type GrantCredit = (stream: number, bytes: number) => void;

/** Takes one frame (end, error or chunk) of a call that has not replied yet. Its bytes are hostile. */
export function takeExchangeFrame(exchange: Exchange, frame: Frame, grant: GrantCredit): FrameVerdict {
  if (frame.type === FRAME.end) return takeEnd(exchange, frame);
  if (frame.type === FRAME.error) return takeError(exchange, frame);
  return takeChunk(exchange, frame, grant);
}

/** Takes a chunk of a call that has replied: its clock had expired. An honest shim stops where its credit does. */
export function dropChunk(exchange: Exchange, frame: Frame): { violation: string } | null {
  exchange.relay ??= new ReplyRelay(null, frame.meta, () => undefined);
  return exchange.relay.drop(frame.body) ? null : { violation: 'more chunk bytes after the reply than were allowed' };
}

function takeEnd(exchange: Exchange, frame: Frame): FrameVerdict {
  const handlerMs = exchange.handlerMs(frame.meta);
  if (handlerMs === null) return { violation: 'an end without its time' };
  const { relay } = exchange;
  if (relay === null) {
    exchange.reply({ kind: 'result', body: frame.body, handlerMs });
    return null;
  }
  if (frame.body.length > 0) return { violation: 'an end with a body after chunks' };
  if (exchange.request.stream !== null) {
    exchange.reply({ kind: 'streamed', bytes: relay.bytes, handlerMs });
    return null;
  }
  const body = relay.gathered;
  if (body === null) exchange.reply({ kind: 'resultTooLarge', bytes: relay.bytes });
  else exchange.reply({ kind: 'result', body, handlerMs });
  return null;
}

function takeError(exchange: Exchange, frame: Frame): FrameVerdict {
  const handlerMs = exchange.handlerMs(frame.meta);
  const error = parseFunctionError(frame.body);
  if (handlerMs === null || error === null) return { violation: 'an error that is none' };
  // The body is small and has two optional fields, so it is worth a full parse, unlike the plain end.
  const { exit, tooLarge } = parseMeta(frame.meta) ?? {};
  // What is reported as a crash is treated as one (I2), even when only the error's name says so.
  const verdict = exit === true || error.errorType === 'Runtime.ExitError' ? 'retire' : null;
  if (exchange.isCancelled) exchange.reply({ kind: 'cancelled' });
  else if (typeof tooLarge === 'number' && tooLarge > LIMITS.payloadMaxBytes) {
    exchange.reply({ kind: 'resultTooLarge', bytes: tooLarge });
  } else exchange.reply({ kind: 'error', error, body: frame.body, handlerMs });
  return verdict;
}

function takeChunk(exchange: Exchange, frame: Frame, grant: GrantCredit): FrameVerdict {
  exchange.relay ??= new ReplyRelay(exchange.request.stream, frame.meta, (bytes) => grant(exchange.stream, bytes));
  if (!exchange.relay.accept(frame.body)) return { violation: 'more chunk bytes than were allowed' };
  if (!exchange.relay.isOverStreamLimit) return null;
  exchange.reply({ kind: 'resultTooLarge', bytes: exchange.relay.bytes });
  return 'retire';
}
