const fs = require('node:fs');
const net = require('node:net');
const { HEADER_BYTES } = require('./frame-type.cjs');
const language = require('./language.cjs');

const { allocUnsafe, allocUnsafeSlow, append, byteLength, concat, copy, setBytes, subarray, utf8Slice, utf8Write } =
  language;

// Taken before user code runs: what it replaces later does not reach us.
const { writeSync } = fs;
const { wait } = Atomics;
const now = performance.now.bind(performance);
const nextTick = process.nextTick.bind(process);
/** How long a dying process may wait for the host to read its last words, in ms. */
const LAST_WORDS_MS = 500;
/** Frames that wait for each other are at most this many bytes together. */
const GATHERED_MAX_BYTES = 32 * 1024;

/**
 * The shim's end of the wire: straight to the descriptor while nothing is queued before it, one write a frame. Only answers that
 * may wait share a write with others of the same turn.
 */
class Channel {
  #socket;
  #fd = -1;
  #onFrame;
  /** Bytes of a frame not complete yet: the whole frame's buffer once its length is known, else the piece of a header. */
  #partial = null;
  #fill = 0;
  #isHeaderPiece = false;
  /** Frames that leave together, in order; their bytes. */
  #gathered = [];
  #gatheredBytes = 0;

  constructor(path, onFrame, onOpen, onClose) {
    this.#onFrame = onFrame;
    this.#socket = net.connect(path);
    this.#socket.on('connect', () => {
      this.#fd = this.#socket._handle?.fd ?? -1;
      onOpen();
    });
    this.#socket.on('error', onClose);
    const { ref, unref, write, _unrefTimer } = this.#socket;
    // Node hands what it reads to `push` and ends a stream by `destroy`. Events would go through methods that the author may replace.
    Object.assign(this.#socket, { ref, unref, write, _unrefTimer });
    this.#socket.push = (chunk) => {
      if (chunk === null) onClose();
      else this.#feed(chunk);
      return true;
    };
    this.#socket.destroy = onClose;
  }

  /** While calls run the socket alone must not keep the loop going: an empty loop ends callback handlers. */
  ref() {
    this.#socket.ref();
  }

  unref() {
    this.#socket.unref();
  }

  /** `meta` is JSON text; `body` a string, bytes or null. `mayWait`: until what is ready to run now has run. */
  send(type, stream, meta, body, flags = 0, mayWait = false) {
    const frame = encode(type, stream, meta, body, flags);
    const isFirst = this.#gatheredBytes === 0;
    if (isFirst && !mayWait) {
      this.#write(frame);
      return;
    }
    append(this.#gathered, frame);
    this.#gatheredBytes += frame.length;
    if (this.#gatheredBytes > GATHERED_MAX_BYTES) this.flush();
    else if (isFirst) nextTick(() => this.flush());
  }

  /** Sends what was gathered; nothing when that is nothing. */
  flush() {
    if (this.#gatheredBytes === 0) return;
    const frames = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#write(frames.length === 1 ? frames[0] : concat(frames));
  }

  #write(frame) {
    if (this.#fd === -1 || this.#socket.writableLength > 0) {
      this.#socket.write(frame);
      return;
    }
    const sent = this.#writeSome(frame, 0);
    if (sent < frame.length) this.#socket.write(subarray(frame, sent));
  }

  /** The same before an exit: returns when the kernel has it all, or the host has not read for too long. */
  sendNow(type, stream, meta, body) {
    this.flush();
    // Behind a frame that is half queued ours would be taken for a part of it; the host then sees a death.
    if (this.#fd === -1 || this.#socket.writableLength > 0) return;
    const frame = encode(type, stream, meta, body, 0);
    const deadline = now() + LAST_WORDS_MS;
    let sent = this.#writeSome(frame, 0);
    while (sent < frame.length && now() < deadline) {
      wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      sent = this.#writeSome(frame, sent);
    }
  }

  #writeSome(frame, from) {
    try {
      return from + writeSync(this.#fd, frame, from);
    } catch (error) {
      if (error.code !== 'EAGAIN') this.#fd = -1;
      return from;
    }
  }

  #feed(chunk) {
    if (this.#partial !== null) {
      if (this.#isHeaderPiece) {
        chunk = concat([this.#partial, chunk]);
      } else {
        const taken = copy(chunk, this.#partial, this.#fill);
        this.#fill += taken;
        if (this.#fill < this.#partial.length) return;
        const whole = this.#partial;
        this.#partial = null;
        this.#emit(whole, 0, whole.length);
        if (taken === chunk.length) return;
        chunk = subarray(chunk, taken);
      }
      this.#partial = null;
    }
    let at = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const size = 4 + readUint32(chunk, at);
      if (chunk.length - at < size) {
        this.#partial = allocUnsafeSlow(size);
        this.#fill = copy(chunk, this.#partial, 0, at);
        this.#isHeaderPiece = false;
        return;
      }
      this.#emit(chunk, at, at + size);
      at += size;
    }
    if (at < chunk.length) {
      this.#partial = subarray(chunk, at);
      this.#isHeaderPiece = true;
    }
  }

  #emit(buffer, at, end) {
    const bodyAt = at + HEADER_BYTES + buffer[at + 10] * 256 + buffer[at + 11];
    const meta = bodyAt === at + HEADER_BYTES ? '' : utf8Slice(buffer, at + HEADER_BYTES, bodyAt);
    this.#onFrame(buffer[at + 4], readUint32(buffer, at + 6), meta, subarray(buffer, bodyAt, end));
  }
}

function encode(type, stream, meta, body, flags) {
  const metaBytes = byteLength(meta);
  const bodyBytes = body === null ? 0 : byteLength(body);
  const bodyAt = HEADER_BYTES + metaBytes;
  const frame = allocUnsafe(bodyAt + bodyBytes);
  writeUint32(frame, 0, bodyAt + bodyBytes - 4);
  frame[4] = type;
  frame[5] = flags;
  writeUint32(frame, 6, stream);
  frame[10] = metaBytes >>> 8;
  frame[11] = metaBytes & 0xff;
  utf8Write(frame, meta, HEADER_BYTES, metaBytes);
  if (typeof body === 'string') utf8Write(frame, body, bodyAt, bodyBytes);
  else if (body !== null) setBytes(frame, body, bodyAt);
  return frame;
}

function readUint32(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function writeUint32(bytes, at, value) {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

module.exports = { Channel };
