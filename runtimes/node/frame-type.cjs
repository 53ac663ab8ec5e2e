// The wire's numbers, version 1; the format is told in src/sandbox/wire/frame-type.ts and a test keeps the two equal.
const FRAME = {
  hello: 1,
  init: 2,
  load: 3,
  loaded: 4,
  loadError: 5,
  invoke: 6,
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
};
const FLAG_OPTIONAL = 0x80;
const HEADER_BYTES = 12;
const BODY_MAX_BYTES = 6 * 1024 * 1024;
const CREDIT_BYTES = 256 * 1024;

module.exports = { FRAME, FLAG_OPTIONAL, HEADER_BYTES, BODY_MAX_BYTES, CREDIT_BYTES };
