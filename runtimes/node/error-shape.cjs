const { realpathSync } = require('node:fs');

const { stringify } = JSON;
const { byteLength } = Buffer;
const MESSAGE_MAX_CHARS = 32 * 1024;
const STACK_LINES_MAX = 100;
const STACK_LINE_MAX_CHARS = 1024;
/** The host reads no larger error. */
const ERROR_MAX_BYTES = 256 * 1024;
const NODE_FRAME = /[( ]node:/;
const SHIM_FOLDER = `${__dirname}/`;
const roots = [];

/** Paths below `taskRoot` are shown as /var/task from now on: the author's own, wherever the code lies. */
function setTaskRoot(taskRoot) {
  roots.push(taskRoot);
  const real = realpathSync(taskRoot);
  if (real !== taskRoot) roots.push(real);
}

function authorPaths(text) {
  for (const root of roots) if (root !== '/var/task') text = text.replaceAll(root, '/var/task');
  return text;
}

/** A failure with a type of our own. */
function runtimeError(errorType, errorMessage, stackTrace = []) {
  return stringify({ errorType, errorMessage: cut(authorPaths(errorMessage), MESSAGE_MAX_CHARS), stackTrace });
}

/** What a handler threw or rejected with, as JSON text; never throws, whatever it is. */
function errorJson(thrown, errorType, message) {
  try {
    const text = runtimeError(errorType ?? typeOf(thrown), message ?? messageOf(thrown), stackOf(thrown));
    if (byteLength(text) <= ERROR_MAX_BYTES) return text;
    return runtimeError(errorType ?? typeOf(thrown), cut(messageOf(thrown), 1024));
  } catch {
    return runtimeError('Error', 'The handler threw a value that cannot be described.');
  }
}

/** Words for an exit the handler's code asked for. */
function exitError(code, requestId) {
  const reason = code === 0 ? 'Runtime exited without providing a reason' : exitStatus(code);
  return runtimeError('Runtime.ExitError', `${requestId === null ? '' : `RequestId: ${requestId} `}Error: ${reason}`);
}

function exitStatus(code) {
  return `Runtime exited with error: exit status ${code}`;
}

function isError(thrown) {
  return typeof thrown === 'object' && thrown !== null && typeof thrown.message === 'string';
}

function typeOf(thrown) {
  if (isError(thrown)) return cut(String(thrown.name ?? 'Error'), 256);
  return thrown === undefined || thrown === null ? 'handled' : typeof thrown;
}

function messageOf(thrown) {
  if (thrown === undefined || thrown === null) return 'handled';
  if (isError(thrown)) return thrown.message;
  return typeof thrown === 'object' ? (stringify(thrown) ?? 'object') : String(thrown);
}

/** Frames only, without our own and Node's; for a syntax error also the lines that show where it is. */
function stackOf(thrown) {
  if (!isError(thrown) || typeof thrown.stack !== 'string') return [];
  const lines = cut(thrown.stack, STACK_LINES_MAX * STACK_LINE_MAX_CHARS).split('\n');
  const first = lines.findIndex((line) => line.startsWith('    at '));
  const frames = first === -1 ? [] : lines.slice(first);
  const place = thrown.name === 'SyntaxError' ? placeOf(lines) : [];
  const own = frames.filter((line) => !line.includes(SHIM_FOLDER) && !line.includes('node:internal/'));
  while (own.length > 0 && NODE_FRAME.test(own.at(-1))) own.pop();
  return [...place, ...own].slice(0, STACK_LINES_MAX).map((line) => cut(authorPaths(line), STACK_LINE_MAX_CHARS));
}

/** Node puts `file:line`, the line itself and a caret in front of a syntax error. */
function placeOf(lines) {
  const end = lines.findIndex((line) => line.startsWith('SyntaxError'));
  return end > 0 ? lines.slice(0, end).filter((line) => line.trim() !== '') : [];
}

function cut(text, maxChars) {
  return text.length > maxChars ? `${text.slice(0, maxChars)}...` : text;
}

module.exports = { setTaskRoot, authorPaths, runtimeError, errorJson, exitError, messageOf, placeOf };
