// The Node shim: connects to the host, loads one handler, answers its calls. Standard library only. What it uses after user
// code has run was taken before, so that code which replaces JSON, console or process members changes only itself.
const { Call } = require('./call.cjs');
const { Channel } = require('./channel.cjs');
const { completesByCallback } = require('./completion-style.cjs');
const { makeContextBase } = require('./context.cjs');
const { errorJson, exitError, messageOf, setTaskRoot } = require('./error-shape.cjs');
const { FLAG_OPTIONAL, FRAME } = require('./frame-type.cjs');
const { apply, bytesOf, callStorage, ownMap, round } = require('./language.cjs');
const { takeOverOutput, writeAll } = require('./output.cjs');
const { defineAwslambda } = require('./response-stream.cjs');

const {
  COLDFRAME_CHANNEL: path,
  COLDFRAME_TOKEN: token,
  COLDFRAME_RUNTIME: runtime,
  COLDFRAME_CLONE: isClone,
} = process.env;
for (const name of Object.keys(process.env)) if (name.startsWith('COLDFRAME_')) delete process.env[name];

const { parse, stringify } = JSON;
const now = performance.now.bind(performance);
const reallyExit = process.reallyExit.bind(process);
/** Lambda's exit statuses after an unhandled rejection and an uncaught exception. */
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;
/** A sandbox that waits this long, in ms, is a spare one: time to warm what its first load will need. */
const SPARE_AFTER_MS = 20;

const calls = ownMap();
let handler = null;
let loadStartMs = null;
/** The call that runs; null where a sandbox serves one at a time. */
let callContext = null;
let isDraining = false;

const channel = new Channel(path, onFrame, sayHello, () => reallyExit(0));
const shim = {
  channel,
  contextBase: null,
  /** More than one call at once: output is attributed, and an empty loop no longer tells anything about one of them. */
  isShared: false,
  /** See completion-style.cjs. */
  completesByCallback: false,
  /** Several calls run at once, so that several may be answered at once. */
  isBusy: () => calls.size > 1,
  holdLoop: (isHeld) => (isHeld || calls.size === 0 ? channel.ref() : channel.unref()),
  onDone(call) {
    calls.delete(call.stream);
    if (calls.size === 0) channel.ref();
  },
};

takeOverOutput((fd, text) => {
  const call = callContext?.store();
  if (call === undefined || !calls.has(call.stream)) return false;
  channel.send(FRAME.log, call.stream, fd === 1 ? '{"s":1}' : '{"s":2}', text, FLAG_OPTIONAL);
  return true;
});
defineAwslambda();
const { emitWarning } = process;
// A .js file may be an ES module without a package.json saying so; that is no news to its author.
process.emitWarning = (warning, ...rest) => {
  const code = typeof rest[0] === 'object' ? rest[0]?.code : rest[1];
  if (code !== 'MODULE_TYPELESS_PACKAGE_JSON') apply(emitWarning, process, [warning, ...rest]);
};
process.on('beforeExit', () => {
  calls.forEach((call) => {
    call.onLoopEmpty();
  });
  channel.ref();
});
process.on('uncaughtException', (error) => dieOf(EXIT_EXCEPTION, error, errorJson(error)));
process.on('unhandledRejection', (reason) => {
  const message = reason?.name === undefined ? messageOf(reason) : `${reason.name}: ${messageOf(reason)}`;
  dieOf(EXIT_REJECTION, reason, errorJson(reason, 'Runtime.UnhandledPromiseRejection', message));
});
process.on('exit', (code) => lastWords(code));

function sayHello() {
  const features = ['stream', 'concurrency', 'cancel', 'log'];
  const bootMs = round(now() * 10) / 10;
  channel.send(
    FRAME.hello,
    0,
    stringify({ protocol: 1, features, token, runtime, version: process.version, bootMs }),
    null,
  );
  setTimeout(() => {
    if (loadStartMs === null) warmUp();
  }, SPARE_AFTER_MS).unref();
}

function onFrame(type, stream, meta, body) {
  if (type === FRAME.invoke) invoke(stream, parse(meta), body);
  else if (type === FRAME.credit) calls.get(stream)?.addCredit(parse(meta).bytes);
  else if (type === FRAME.cancel) calls.get(stream)?.cancel();
  else if (type === FRAME.ping) channel.send(FRAME.pong, 0, meta, null);
  else if (type === FRAME.init) init(parse(meta), parse(body.toString()));
  else if (type === FRAME.load) load(parse(meta));
  else if (type === FRAME.drain) isDraining = true;
  else if (type === FRAME.shutdown) reallyExit(0);
}

function invoke(stream, meta, body) {
  const call = new Call(shim, stream, meta);
  calls.set(stream, call);
  if (isDraining) {
    call.fail(new Error('The sandbox is draining.'));
    return;
  }
  channel.unref();
  if (callContext !== null) {
    callContext.run(call, () => call.run(handler, body));
    return;
  }
  if (meta.traceId) process.env._X_AMZN_TRACE_ID = meta.traceId;
  call.run(handler, body);
}

/** Loads, compiles and runs once what the first load and call will need, against a channel that leads nowhere. */
async function warmUp() {
  require('./load-handler.cjs');
  await import('./warm-up.cjs');
  const rehearsal = {
    channel: { send() {} },
    contextBase: {},
    isShared: false,
    completesByCallback: false,
    isBusy: () => false,
    holdLoop() {},
    onDone() {},
  };
  new Call(rehearsal, 0, parse('{"id":"","arn":"","remainingMs":1}')).run(async (event) => event, bytesOf('{"a":1}'));
}

/**
 * Sets the function's environment. Only a clone of a snapshot needs the entropy: elsewhere Math.random is seeded when the process
 * starts. crypto draws from the kernel, or anew because a clone's clock has jumped; nobody has asked for a UUID yet.
 */
function init(meta, env) {
  Object.assign(process.env, env);
  if (isClone) require('./reseed.cjs').reseed(meta.entropy);
}

async function load(meta) {
  loadStartMs = now();
  const { loadHandler } = require('./load-handler.cjs');
  setEnvironment(meta);
  process.chdir(meta.taskRoot);
  setTaskRoot(meta.taskRoot);
  shim.contextBase = makeContextBase(meta);
  if (meta.concurrency > 1) {
    shim.isShared = true;
    callContext = callStorage();
  }
  const importStartMs = now();
  const loaded = await loadHandler(meta.taskRoot, meta.handler);
  const importMeta = `{"importUs":${round((now() - importStartMs) * 1000)}}`;
  if (loaded.error === undefined) {
    handler = loaded.handler;
    shim.completesByCallback = completesByCallback(handler);
    channel.send(FRAME.loaded, 0, importMeta, null);
    return;
  }
  channel.sendNow(FRAME.loadError, 0, importMeta, loaded.error);
  reallyExit(1);
}

function setEnvironment(meta) {
  const region = String(meta.functionArn).split(':')[3];
  const env = process.env;
  env._HANDLER = meta.handler;
  env.LAMBDA_TASK_ROOT = meta.taskRoot;
  env.PWD = meta.taskRoot;
  env.AWS_LAMBDA_FUNCTION_NAME = meta.functionName;
  env.AWS_LAMBDA_FUNCTION_VERSION = meta.functionVersion;
  env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE = String(meta.memoryMib);
  env.AWS_LAMBDA_LOG_GROUP_NAME = meta.logGroup;
  env.AWS_LAMBDA_LOG_STREAM_NAME = meta.logStream;
  env.AWS_LAMBDA_INITIALIZATION_TYPE = 'on-demand';
  env.AWS_EXECUTION_ENV = `AWS_Lambda_${runtime}.x`;
  if (region) {
    env.AWS_REGION ??= region;
    env.AWS_DEFAULT_REGION ??= region;
  }
}

/** Answers everything that waits, at once, because the process is about to be gone. */
function lastWords(code, errorText) {
  channel.flush();
  if (handler === null && loadStartMs !== null) {
    channel.sendNow(FRAME.loadError, 0, '{"importUs":0}', errorText ?? exitError(code, null));
  }
  calls.forEach((call) => {
    call.die(code, errorText);
  });
}

function dieOf(code, error, errorText) {
  if (calls.size === 0 && handler !== null) writeAll(2, `${error?.stack ?? error}\n`);
  lastWords(code, errorText);
  reallyExit(code);
}
