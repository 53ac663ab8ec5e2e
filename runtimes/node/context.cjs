const { floor, max } = require('./language.cjs');

const now = performance.now.bind(performance);

/** What every call's context shares, from the `load` frame. */
function makeContextBase(load) {
  return {
    functionName: load.functionName,
    functionVersion: load.functionVersion,
    memoryLimitInMB: String(load.memoryMib),
    logGroupName: load.logGroup,
    logStreamName: load.logStream,
  };
}

/** Lambda's context, and `signal`, which aborts when the call is cancelled. Deadlines are monotonic. */
class Context {
  #controller = null;
  #isCancelled = false;

  constructor(base, meta, call) {
    const deadlineMs = now() + meta.remainingMs;
    this.callbackWaitsForEmptyEventLoop = true;
    this.functionVersion = base.functionVersion;
    this.functionName = base.functionName;
    this.memoryLimitInMB = base.memoryLimitInMB;
    this.logGroupName = base.logGroupName;
    this.logStreamName = base.logStreamName;
    this.clientContext = undefined;
    this.identity = undefined;
    this.tenantId = undefined;
    this.invokedFunctionArn = meta.arn;
    this.awsRequestId = meta.id;
    this.getRemainingTimeInMillis = () => max(0, floor(deadlineMs - now()));
    this.succeed = (result) => call.succeed(result);
    this.fail = (error) => call.fail(error);
    this.done = (error, result) => (error === undefined || error === null ? call.succeed(result) : call.fail(error));
  }

  get signal() {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isCancelled) this.#controller.abort(new Error('The invocation was cancelled.'));
    }
    return this.#controller.signal;
  }

  /** The host's `cancel` arrived. */
  static cancel(context) {
    context.#isCancelled = true;
    context.#controller?.abort(new Error('The invocation was cancelled.'));
  }
}

module.exports = { makeContextBase, Context };
