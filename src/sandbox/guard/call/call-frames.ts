import { LIMITS } from '../../../domain/limits.ts';
import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { FRAME } from '../../wire/frame-type.ts';
import type { Call } from './call.ts';
import { parseFunctionError } from './function-error.ts';
import { ReplyRelay } from './reply-relay.ts';

/** What a frame of a call asks of the sandbox: nothing, to retire after the reply, or to be killed for a violation. */
export type FrameVerdict = null | 'retire' | { violation: string };

/** Sends `bytes` of credit on a stream. */
export type GrantCredit = (stream: number, bytes: number) => void;

/** Takes one frame (end, error or chunk) of a call that has not replied yet; the bytes are hostile. */
export function takeCallFrame(call: Call, frame: Frame, grant: GrantCredit): FrameVerdict {
  if (frame.type === FRAME.end) return takeEnd(call, frame);
  if (frame.type === FRAME.error) return takeError(call, frame);
  return takeChunk(call, frame, grant);
}

function takeEnd(call: Call, frame: Frame): FrameVerdict {
  const handlerMs = call.handlerMs(frame.meta);
  if (handlerMs === null) return { violation: 'an end without its time' };
  const { relay } = call;
  if (relay === null) {
    call.reply({ kind: 'result', body: frame.body, handlerMs });
    return null;
  }
  if (frame.body.length > 0) return { violation: 'an end with a body after chunks' };
  if (call.request.stream !== null) {
    call.reply({ kind: 'streamed', bytes: relay.bytes, handlerMs });
    return null;
  }
  const body = relay.gathered;
  if (body === null) call.reply({ kind: 'resultTooLarge', bytes: relay.bytes });
  else call.reply({ kind: 'result', body, handlerMs });
  return null;
}

function takeError(call: Call, frame: Frame): FrameVerdict {
  const handlerMs = call.handlerMs(frame.meta);
  const error = parseFunctionError(frame.body);
  if (handlerMs === null || error === null) return { violation: 'an error that is none' };
  // Small, and with two optional fields: worth a full parse, unlike the plain end.
  const { exit, tooLarge } = parseMeta(frame.meta) ?? {};
  // What is reported as a crash is treated as one (I2), also where only the error's name says so.
  const verdict = exit === true || error.errorType === 'Runtime.ExitError' ? 'retire' : null;
  if (call.isCancelled) call.reply({ kind: 'cancelled' });
  else if (typeof tooLarge === 'number' && tooLarge > LIMITS.payloadMaxBytes) {
    call.reply({ kind: 'resultTooLarge', bytes: tooLarge });
  } else call.reply({ kind: 'error', error, body: frame.body, handlerMs });
  return verdict;
}

function takeChunk(call: Call, frame: Frame, grant: GrantCredit): FrameVerdict {
  call.relay ??= new ReplyRelay(call.request.stream, frame.meta, (bytes) => grant(call.stream, bytes));
  if (!call.relay.accept(frame.body)) return { violation: 'more chunk bytes than were allowed' };
  if (!call.relay.isOverStreamLimit) return null;
  call.reply({ kind: 'resultTooLarge', bytes: call.relay.bytes });
  return 'retire';
}
