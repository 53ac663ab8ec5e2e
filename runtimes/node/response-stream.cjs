const { Writable } = require('node:stream');
const { CREDIT_BYTES } = require('./frame-type.cjs');
const { alloc, apply, bytesOf, concat, min, subarray, textOf } = require('./language.cjs');

const { stringify } = JSON;
const { write, end, once } = Writable.prototype;
const nextTick = process.nextTick.bind(process);
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
  /** Called once, when everything was sent. Not events: those go through methods that the author may replace. */
  onFinished = () => {};
  /** Called once, with the error that ended the stream early. */
  onFailed = () => {};

  /** `send(meta, bytes)` sends a chunk; `holdLoop(isHeld)` keeps the process alive while only credit is awaited. */
  constructor(send, holdLoop) {
    super({ decodeStrings: true, highWaterMark: 64 * 1024 });
    // `onFailed` hears of it; without a listener Node would end the process.
    this.on('error', () => {});
    this.#send = send;
    this.#holdLoop = holdLoop;
  }

  setContentType(contentType) {
    this.#contentType = textOf(contentType);
  }

  setPrelude(prelude) {
    this.#contentType = HTTP_PRELUDE_TYPE;
    this.#prelude = concat([bytesOf(stringify(prelude)), alloc(8)]);
  }

  /** True once a chunk has left: an error is then one within the stream. */
  get hasHead() {
    return this.#hasHead;
  }

  write(chunk, ...rest) {
    return apply(write, this, [asBytes(chunk), ...rest]);
  }

  end(chunk, ...rest) {
    return chunk === undefined || chunk === null || typeof chunk === 'function'
      ? apply(end, this, [chunk, ...rest])
      : apply(end, this, [asBytes(chunk), ...rest]);
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
      if (!this.write(value)) await new Promise((resolve) => apply(once, this, ['drain', resolve]));
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

  _destroy(error, done) {
    if (error) this.onFailed(error);
    done(error);
  }

  _write(chunk, _encoding, done) {
    this.#sendAll(this.#withPrelude(chunk), 0, done);
  }

  _final(done) {
    const finish = () => {
      done();
      // What the handler does in the same step still counts.
      nextTick(() => this.onFinished());
    };
    if (this.#hasHead) finish();
    else this.#sendAll(this.#withPrelude(alloc(0)), 0, finish);
  }

  #withPrelude(chunk) {
    if (this.#hasHead || this.#prelude === null) return chunk;
    return concat([this.#prelude, chunk]);
  }

  #sendAll(bytes, from, done) {
    let at = from;
    do {
      if (this.#credit <= 0 && bytes.length > 0) {
        this.#holdLoop(true);
        this.#resume = () => this.#sendAll(bytes, at, done);
        return;
      }
      const end = min(bytes.length, at + this.#credit);
      this.#credit -= end - at;
      this.#send(this.#headMeta(), subarray(bytes, at, end));
      at = end;
    } while (at < bytes.length);
    done();
  }

  #headMeta() {
    if (this.#hasHead) return '';
    this.#hasHead = true;
    const contentType = this.#contentType ?? 'application/octet-stream';
    return `{"contentType":${stringify(contentType)}${this.#prelude === null ? '' : ',"prelude":true'}}`;
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
