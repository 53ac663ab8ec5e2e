const { Writable } = require('node:stream');
const { CREDIT_BYTES } = require('./frame-type.cjs');

const { stringify } = JSON;
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';

/** Defines the global `awslambda`, as handlers that stream expect it. */
function defineAwslambda() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = options?.highWaterMark ?? true;
      return handler;
    },
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setPrelude(prelude);
        return stream;
      },
    },
  };
}

function isStreamified(handler) {
  return handler[STREAMING] !== undefined;
}

/** True for what generator functions return: such a reply is streamed. */
function isGenerator(result) {
  const tag = result?.[Symbol.toStringTag];
  return tag === 'AsyncGenerator' || tag === 'Generator';
}

/** A call's reply in chunks. Waits for the host's credit, so a slow reader slows the writer. */
class ResponseStream extends Writable {
  #send;
  #holdLoop;
  #credit = CREDIT_BYTES;
  #contentType = null;
  #prelude = null;
  #hasHead = false;
  #resume = null;

  /** `send(meta, bytes)` sends a chunk; `holdLoop(isHeld)` keeps the process alive while only credit is awaited. */
  constructor(send, holdLoop) {
    super({ decodeStrings: true, highWaterMark: 64 * 1024 });
    this.#send = send;
    this.#holdLoop = holdLoop;
  }

  setContentType(contentType) {
    this.#contentType = String(contentType);
  }

  setPrelude(prelude) {
    this.#contentType = HTTP_PRELUDE_TYPE;
    this.#prelude = Buffer.concat([Buffer.from(stringify(prelude)), Buffer.alloc(8)]);
  }

  /** True once a chunk has left: an error is then one within the stream. */
  get hasHead() {
    return this.#hasHead;
  }

  write(chunk, ...rest) {
    return super.write(asBytes(chunk), ...rest);
  }

  end(chunk, ...rest) {
    return chunk === undefined || chunk === null || typeof chunk === 'function'
      ? super.end(chunk, ...rest)
      : super.end(asBytes(chunk), ...rest);
  }

  /** Chunks of a generator; its first value decides the content type where none was set. */
  async pump(generator) {
    let isFirst = true;
    for await (const value of generator) {
      if (isFirst) {
        isFirst = false;
        const isText = typeof value === 'string';
        if (isHttpPrelude(value)) {
          this.setPrelude(value);
          continue;
        }
        if (isText) this.#contentType ??= 'text/plain; charset=utf-8';
      }
      if (!this.write(value)) await new Promise((resolve) => this.once('drain', resolve));
    }
    this.end();
  }

  addCredit(bytes) {
    this.#credit += bytes;
    const resume = this.#resume;
    if (resume === null || this.#credit <= 0) return;
    this.#resume = null;
    this.#holdLoop(false);
    resume();
  }

  _write(chunk, _encoding, done) {
    this.#sendAll(this.#withPrelude(chunk), 0, done);
  }

  _final(done) {
    if (this.#hasHead) done();
    else this.#sendAll(this.#withPrelude(Buffer.alloc(0)), 0, done);
  }

  #withPrelude(chunk) {
    if (this.#hasHead || this.#prelude === null) return chunk;
    return Buffer.concat([this.#prelude, chunk]);
  }

  #sendAll(bytes, from, done) {
    let at = from;
    do {
      if (this.#credit <= 0 && bytes.length > 0) {
        this.#holdLoop(true);
        this.#resume = () => this.#sendAll(bytes, at, done);
        return;
      }
      const end = Math.min(bytes.length, at + this.#credit);
      this.#credit -= end - at;
      this.#send(this.#headMeta(), bytes.subarray(at, end));
      at = end;
    } while (at < bytes.length);
    done();
  }

  #headMeta() {
    if (this.#hasHead) return '';
    this.#hasHead = true;
    const contentType = this.#contentType ?? 'application/octet-stream';
    return stringify(this.#prelude === null ? { contentType } : { contentType, prelude: true });
  }
}

function asBytes(chunk) {
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : stringify(chunk);
}

function isHttpPrelude(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Uint8Array) &&
    typeof value.statusCode === 'number'
  );
}

module.exports = { defineAwslambda, isStreamified, isGenerator, ResponseStream };
