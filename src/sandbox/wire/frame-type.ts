/**
 * The wire between host and shim, version 1. One frame:
 *
 *   u32 length (bytes after this field) | u8 type | u8 flags | u32 stream | u16 metaLength | meta (JSON, UTF-8) | body
 *
 * All integers big-endian. `stream` numbers a call (host-chosen, from 1, rising); 0 is the connection itself. Bodies are
 * opaque bytes. Host -> shim: init, load, invoke, credit, cancel, ping, drain, shutdown. Shim -> host: hello, loaded,
 * loadError, chunk, end, error, pong, log. `body` is reserved for events that arrive in pieces. `length` counts type, flags,
 * stream and metaLength too, so an empty frame has length 8.
 *
 *   hello     stream 0  meta {protocol: 1, features: string[], token: string, runtime, version, bootMs}
 *   init      stream 0  meta {entropy: base64 of 64 bytes, wallTimeMs}  body {NAME: value} (JSON)   reseeds, sets env; no reply
 *   load      stream 0  meta {taskRoot, handler, functionName, functionVersion, functionArn, memoryMib, timeoutMs, concurrency, logGroup, logStream}
 *   loaded    stream 0  meta {importUs}
 *   loadError stream 0  meta {importUs}      body {errorType, errorMessage, stackTrace}; the shim then exits
 *   invoke    stream n  meta {id, arn, remainingMs, traceId?, stream: boolean}        body = event (empty means {})
 *   end       stream n  meta {us}            body = result JSON; or, after chunks, empty: the end of a streamed reply
 *   error     stream n  meta {us, exit?: true, tooLarge?: bytes}  body {errorType, errorMessage, stackTrace}; exit: the process
 *                       ends now; tooLarge: the result had that many bytes
 *   chunk     stream n  meta {contentType?, prelude?: true} (first chunk only)        body = bytes
 *   credit    stream n  meta {bytes}         the host allows that many more chunk bytes (256 KiB to begin with)
 *   cancel    stream n                       the shim raises it in the handler where it can
 *   ping/pong stream 0  meta {n}
 *   drain     stream 0                       finish what runs, take nothing new
 *   shutdown  stream 0                       exit 0 now
 *   log       stream n  meta {s: 1|2}        body = text of one console call (FLAG_OPTIONAL); sent instead of writing to
 *                       stdout (1) or stderr (2) when the sandbox was loaded with concurrency above 1, so that each line
 *                       belongs to its call; raw writes to the descriptors stay with the sandbox
 *
 * Features a shim may announce: `stream` (sends chunks), `concurrency` (many streams at once; without it extra invokes wait in
 * the shim), `cancel` (tells the handler), `log`. Error types made by a shim itself begin with `Runtime.`; `Runtime.UnmarshalError`
 * means the event was not valid JSON, `Function.ResponseSizeTooLarge` comes with `tooLarge`.
 */
export const FRAME = {
  hello: 1,
  init: 2,
  load: 3,
  loaded: 4,
  loadError: 5,
  invoke: 6,
  body: 7,
  chunk: 8,
  end: 9,
  error: 10,
  credit: 11,
  cancel: 12,
  ping: 13,
  pong: 14,
  drain: 15,
  shutdown: 16,
  log: 32,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** What a shim may send; anything else from a sandbox is a violation. */
export const FROM_SHIM: readonly FrameType[] = [
  FRAME.hello,
  FRAME.loaded,
  FRAME.loadError,
  FRAME.chunk,
  FRAME.end,
  FRAME.error,
  FRAME.pong,
  FRAME.log,
];
/**
 * Of these the host asked for each one, and a second is a violation: nobody can flood with them, so they pass without a price
 * (decisions/0044). Whatever else a shim may send, unknown optional frames too, a sandbox may send at will.
 */
export const ANSWERS: readonly FrameType[] = [
  FRAME.hello,
  FRAME.loaded,
  FRAME.loadError,
  FRAME.end,
  FRAME.error,
  FRAME.pong,
];
/** What a host may send. */
export const FROM_HOST: readonly FrameType[] = [
  FRAME.init,
  FRAME.load,
  FRAME.invoke,
  FRAME.body,
  FRAME.credit,
  FRAME.cancel,
  FRAME.ping,
  FRAME.drain,
  FRAME.shutdown,
];

/** A receiver may ignore an unknown type that carries this flag; any other unknown type is a violation. */
export const FLAG_OPTIONAL = 0x80;
export const HEADER_BYTES = 12;
/** Largest meta, in bytes (its length field is 16 bits wide). */
export const META_MAX_BYTES = 65_535;
/** Largest body of one frame: a 6 MiB payload. Anything larger is a violation. */
export const BODY_MAX_BYTES = 6 * 1024 * 1024;
/** What a shim may send of one streamed reply before the host grants more, in bytes. */
export const CREDIT_BYTES = 256 * 1024;
export const PROTOCOL_VERSION = 1;
