const { Console } = require('node:console');
const fs = require('node:fs');
const { Writable } = require('node:stream');
const { bytesOf, slice } = require('./language.cjs');

const { writeSync } = fs;
const { wait } = Atomics;
/** Text of one console call that travels in a frame, in characters; the host keeps no more of an attempt. */
const LOG_MAX_CHARS = 256 * 1024;

/**
 * console and process.stdout/stderr write to descriptors 1 and 2 at once, so that what was printed is there even if the
 * process dies next. `attribute(fd, text)` may take a console line instead (true) to send it with its call.
 */
function takeOverOutput(attribute) {
  const streams = [null, consoleStream(1, attribute), consoleStream(2, attribute)];
  const plain = new Console({ stdout: streams[1], stderr: streams[2] });
  for (const name of Object.keys(plain)) {
    if (typeof plain[name] === 'function') console[name] = plain[name];
  }
  for (const [fd, name] of [
    [1, 'stdout'],
    [2, 'stderr'],
  ]) {
    let stream = null;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        stream ??= rawStream(fd);
        return stream;
      },
    });
  }
}

/** The whole text, however slowly the host reads; a closed or broken descriptor drops it. */
function writeAll(fd, data) {
  const bytes = typeof data === 'string' ? bytesOf(data) : data;
  let sent = 0;
  while (sent < bytes.length) {
    try {
      sent += writeSync(fd, bytes, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** As much of a stream as Console asks for. */
function consoleStream(fd, attribute) {
  return {
    write(text) {
      if (!attribute(fd, text.length > LOG_MAX_CHARS ? slice(text, 0, LOG_MAX_CHARS) : text)) writeAll(fd, text);
      return true;
    },
    isTTY: false,
    on() {},
    once() {},
    removeListener() {},
    listenerCount: () => 1,
  };
}

function rawStream(fd) {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk, _encoding, done) {
      writeAll(fd, chunk);
      done();
    },
  });
  // As on Node's own: ending or destroying them is refused or harmless.
  stream.destroy = () => stream;
  return Object.assign(stream, { fd, isTTY: false, _isStdio: true });
}

module.exports = { takeOverOutput, writeAll };
