const { isUtf8 } = require('node:buffer');
const { Context } = require('./context.cjs');
const { errorJson, exitError, messageOf, runtimeError } = require('./error-shape.cjs');
const { BODY_MAX_BYTES, FRAME } = require('./frame-type.cjs');
const { apply, byteLength, round, utf8Slice } = require('./language.cjs');
const { isGenerator, isStreamified, ResponseStream } = require('./response-stream.cjs');

const { parse, stringify } = JSON;
const now = performance.now.bind(performance);
const NativePromise = Promise;
const { then } = Promise.prototype;
const Timeout = classOf(setTimeout, clearTimeout);
const Immediate = classOf(setImmediate, clearImmediate);

const NEVER_SETTLED =
  'The event loop ran dry before the promise of the handler was settled, so nothing was left that could have settled it.';

/**
 * One invocation: answers exactly once. The first completion decides how, whichever of return, throw, callback,
 * context.succeed/fail/done, end of stream, empty event loop or exit it is; later ones change nothing.
 */
class Call {
  #shim;
  #startMs = now();
  /** Answered. */
  #isDone = false;
  /** The handler has completed; its answer may still wait for an empty event loop. */
  #isCompleted = false;
  /** The handler returned a promise. */
  #isPromised = false;
  /** A callback's result, held until the event loop is empty. */
  #held = null;
  #stream = null;
  #context;

  constructor(shim, stream, meta) {
    this.#shim = shim;
    this.stream = stream;
    this.requestId = meta.id;
    this.#context = new Context(shim.contextBase, meta, this);
  }

  run(handler, body) {
    let event;
    try {
      if (!isUtf8(body)) throw new Error('the event is not UTF-8');
      event = body.length === 0 ? {} : parse(utf8Slice(body, 0, body.length));
    } catch (error) {
      this.#finish(
        FRAME.error,
        '',
        runtimeError('Runtime.UnmarshalError', `Unable to unmarshal input: ${error.message}`),
      );
      return;
    }
    try {
      if (isStreamified(handler)) this.#runStreaming(handler, event);
      else this.#take(handler(event, this.#context, (error, result) => this.#callback(error, result)));
    } catch (error) {
      this.fail(error);
    }
  }

  /** What the handler returned: its completion if it is a promise, or if the handler completes by nothing else. */
  #take(result) {
    if (result === undefined) return;
    if (result !== null && typeof result === 'object') {
      if (result instanceof NativePromise) {
        this.#isPromised = true;
        apply(then, result, [(value) => this.#resolve(value), (error) => this.fail(error)]);
        return;
      }
      const itsThen = result.then;
      if (typeof itsThen === 'function') {
        this.#isPromised = true;
        apply(itsThen, result, [(value) => this.#resolve(value), (error) => this.fail(error)]);
        return;
      }
      if (result instanceof Timeout || result instanceof Immediate) return;
    }
    if (!this.#shim.completesByCallback || isGenerator(result)) this.#resolve(result);
  }

  #resolve(value) {
    if (this.#isCompleted) return;
    if (isGenerator(value)) {
      const stream = this.#openStream();
      apply(then, stream.pump(value), [undefined, (error) => this.fail(error)]);
    } else this.succeed(value);
  }

  #runStreaming(handler, event) {
    const stream = this.#openStream();
    const result = handler(event, stream, this.#context);
    const itsThen = result?.then;
    if (typeof itsThen !== 'function') throw new Error('Streaming does not support non-async handlers.');
    const failUnlessEnded = (error) => {
      if (!stream.writableEnded) this.fail(error);
    };
    apply(itsThen, result, [undefined, failUnlessEnded]);
  }

  #openStream() {
    this.#stream = new ResponseStream(
      (meta, bytes) => {
        if (!this.#isDone) this.#shim.channel.send(FRAME.chunk, this.stream, meta, bytes);
      },
      (isHeld) => this.#shim.holdLoop(isHeld),
    );
    this.#stream.onFinished = () => this.#finish(FRAME.end, '', null);
    this.#stream.onFailed = (error) => this.fail(error);
    return this.#stream;
  }

  #callback(error, result) {
    if (error !== undefined && error !== null) this.fail(error);
    else if (this.#context.callbackWaitsForEmptyEventLoop && !this.#shim.isShared) {
      if (this.#isCompleted) return;
      this.#isCompleted = true;
      this.#held = { result };
    } else this.succeed(result);
  }

  /** Nothing is left that could still complete. */
  onLoopEmpty() {
    if (this.#held !== null) this.#answer(this.#held.result);
    else if (this.#stream !== null) this.fail(new Error('The handler ended without ending its response stream.'));
    else if (this.#isPromised) this.#finish(FRAME.error, '', runtimeError('Runtime.NodeJsExit', NEVER_SETTLED));
    else this.succeed(null);
  }

  succeed(value) {
    if (this.#isCompleted) return;
    this.#isCompleted = true;
    this.#answer(value);
  }

  #answer(value) {
    let body;
    try {
      body = stringify(value) ?? 'null';
    } catch (error) {
      const text = errorJson(error, 'Runtime.MarshalError', 'Unable to stringify response body', messageOf(error));
      this.#finish(FRAME.error, '', text);
      return;
    }
    const bytes = byteLength(body);
    if (bytes > BODY_MAX_BYTES) {
      const message = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${BODY_MAX_BYTES} bytes).`;
      this.#finish(FRAME.error, `,"tooLarge":${bytes}`, runtimeError('Function.ResponseSizeTooLarge', message));
    } else this.#finish(FRAME.end, '', body);
  }

  fail(error) {
    if (this.#isCompleted) return;
    this.#isCompleted = true;
    this.#finish(FRAME.error, '', errorJson(error));
  }

  cancel() {
    Context.cancel(this.#context);
  }

  addCredit(bytes) {
    this.#stream?.addCredit(bytes);
  }

  /** The process ends now: `errorText` (default: an exit with that code) is this call's answer. */
  die(code, errorText) {
    if (this.#isDone) return;
    this.#isDone = true;
    const body = errorText ?? exitError(code, this.requestId);
    this.#shim.channel.sendNow(FRAME.error, this.stream, `{"us":${this.#elapsedUs()},"exit":true}`, body);
  }

  #finish(type, metaRest, body) {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#shim.channel.send(type, this.stream, `{"us":${this.#elapsedUs()}${metaRest}}`, body, 0, this.#shim.isBusy());
    this.#shim.onDone(this);
  }

  #elapsedUs() {
    return round((now() - this.#startMs) * 1000);
  }
}

function classOf(start, clear) {
  const timer = start(() => {}, 1);
  clear(timer);
  return timer.constructor;
}

module.exports = { Call };
