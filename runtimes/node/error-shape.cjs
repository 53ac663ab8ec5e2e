const { realpathSync } = require('node:fs');
const language = require('./language.cjs');

const { append, byteLength, includes, matches, pattern, replaceAll } = language;
const { slice, split, startsWith, stringifyAll, textOf, trim } = language;
const { stringify } = JSON;
const MESSAGE_MAX_CHARS = 32 * 1024;
const STACK_LINES_MAX = 100;
const STACK_LINE_MAX_CHARS = 1024;
/** The host reads no larger error. */
const ERROR_MAX_BYTES = 256 * 1024;
const NODE_FRAME = pattern(/[( ]node:/);
const SHIM_FOLDER = `${__dirname}/`;
const roots = [];

/** Paths below `taskRoot` are shown as /var/task from now on: the author's own, wherever the code lies. */
function setTaskRoot(taskRoot) {
  append(roots, taskRoot);
  const real = realpathSync(taskRoot);
  if (real !== taskRoot) append(roots, real);
}

function authorPaths(text) {
  for (let at = 0; at < roots.length; at++) {
    if (roots[at] !== '/var/task') text = replaceAll(text, roots[at], '/var/task');
  }
  return text;
}

/** A failure with a type of our own. */
function runtimeError(errorType, errorMessage, stackTrace = []) {
  const message = stringify(cut(authorPaths(errorMessage), MESSAGE_MAX_CHARS));
  return `{"errorType":${stringify(errorType)},"errorMessage":${message},"stackTrace":${stringifyAll(stackTrace)}}`;
}

/** What a handler threw or rejected with, as JSON text; never throws, whatever it is. `firstLine` goes before its frames. */
function errorJson(thrown, errorType, message, firstLine) {
  try {
    const stack = stackOf(thrown, firstLine);
    const text = runtimeError(errorType ?? typeOf(thrown), message ?? messageOf(thrown), stack);
    if (byteLength(text) <= ERROR_MAX_BYTES) return text;
    return runtimeError(errorType ?? typeOf(thrown), cut(messageOf(thrown), 1024));
  } catch {
    return runtimeError('Error', 'The handler threw a value that cannot be described.');
  }
}

/** Words for an exit the handler's code asked for. */
function exitError(code, requestId) {
  // The kernel keeps eight bits.
  const status = code & 0xff;
  const reason = status === 0 ? 'Runtime exited without providing a reason' : exitStatus(status);
  return runtimeError('Runtime.ExitError', `${requestId === null ? '' : `RequestId: ${requestId} `}Error: ${reason}`);
}

function exitStatus(code) {
  return `Runtime exited with error: exit status ${code}`;
}

function isError(thrown) {
  return typeof thrown === 'object' && thrown !== null && typeof thrown.message === 'string';
}

function typeOf(thrown) {
  if (isError(thrown)) return cut(textOf(thrown.name ?? 'Error'), 256);
  return thrown === undefined || thrown === null ? 'handled' : typeof thrown;
}

function messageOf(thrown) {
  if (thrown === undefined || thrown === null) return 'handled';
  if (isError(thrown)) return thrown.message;
  return typeof thrown === 'object' ? (stringify(thrown) ?? 'object') : textOf(thrown);
}

/** Frames only, without our own and Node's; for a syntax error also the lines that show where it is. */
function stackOf(thrown, firstLine) {
  const place = firstLine === undefined ? [] : [firstLine];
  const stack = stackTextOf(thrown);
  if (stack === null) return place;
  const lines = split(cut(stack, STACK_LINES_MAX * STACK_LINE_MAX_CHARS), '\n');
  const own = [];
  let isFrame = false;
  for (let at = 0; at < lines.length; at++) {
    isFrame ||= startsWith(lines[at], '    at ');
    if (isFrame && !includes(lines[at], SHIM_FOLDER) && !includes(lines[at], 'node:internal/')) append(own, lines[at]);
  }
  while (own.length > 0 && matches(NODE_FRAME, own[own.length - 1])) own.length -= 1;
  if (thrown.name === 'SyntaxError') addPlace(place, lines);
  for (let at = 0; at < own.length; at++) append(place, own[at]);
  if (place.length > STACK_LINES_MAX) place.length = STACK_LINES_MAX;
  for (let at = 0; at < place.length; at++) place[at] = cut(authorPaths(place[at]), STACK_LINE_MAX_CHARS);
  return place;
}

/** Null where there is none; the author's own Error.prepareStackTrace may fail. */
function stackTextOf(thrown) {
  try {
    return isError(thrown) && typeof thrown.stack === 'string' ? thrown.stack : null;
  } catch {
    return null;
  }
}

function addPlace(target, lines) {
  const place = placeOf(lines);
  for (let at = 0; at < place.length; at++) append(target, place[at]);
}

/** Node puts `file:line`, the line itself and a caret in front of a syntax error. */
function placeOf(lines) {
  const place = [];
  for (let at = 0; at < lines.length; at++) {
    if (startsWith(lines[at], 'SyntaxError')) return place;
    if (trim(lines[at]) !== '') append(place, lines[at]);
  }
  return [];
}

function cut(text, maxChars) {
  return text.length > maxChars ? `${slice(text, 0, maxChars)}...` : text;
}

module.exports = { setTaskRoot, authorPaths, runtimeError, errorJson, exitError, messageOf, placeOf };
