import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, encodeHead, type Frame, FrameDecoder, parseMeta } from './frame-codec.ts';
import { FrameToll } from './frame-toll.ts';
import { BODY_MAX_BYTES, FLAG_OPTIONAL, FRAME, FROM_SHIM, type FrameType, HEADER_BYTES } from './frame-type.ts';

const ALL = Object.values(FRAME);

describe('frame codec', () => {
  it('decodes the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 70 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map((f) => encodeFrame(f.type, f.stream, f.meta, f.body, f.flags)));
        const seen: Frame[] = [];
        const decoder = new FrameDecoder({ accepts: ALL }, (frame) => seen.push(frame));
        let at = 0;
        for (const cut of cuts) {
          expect(decoder.push(bytes.subarray(at, at + cut))).toBeNull();
          at += cut;
        }
        expect(decoder.push(bytes.subarray(at))).toBeNull();
        expect(decoder.end()).toBeNull();
        expect(seen.map(plain)).toEqual(frames.map((f) => ({ ...f, body: Buffer.from(f.body).toString('hex') })));
      }),
    );
  });

  it('never throws on rubbish, and repeats its first violation for ever', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder({ accepts: FROM_SHIM }, () => {});
        let first: unknown = null;
        for (const chunk of chunks) {
          const violation = decoder.push(Buffer.from(chunk));
          if (first !== null) expect(violation).toBe(first);
          first ??= violation;
        }
      }),
    );
  });

  it('refuses an oversize body from its header alone', () => {
    const head = Buffer.alloc(HEADER_BYTES);
    head.writeUInt32BE(8 + BODY_MAX_BYTES + 1, 0);
    head[4] = FRAME.end;
    const before = process.memoryUsage().arrayBuffers;
    expect(decoderOf().push(head)?.kind).toBe('bodyTooLong');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it('takes a body of exactly the limit, in many chunks, into one buffer', () => {
    const seen: Frame[] = [];
    const decoder = decoderOf(seen);
    const body = Buffer.alloc(BODY_MAX_BYTES, 7);
    decoder.push(encodeHead(FRAME.end, 3, '{"us":1}', body.length));
    for (let at = 0; at < body.length; at += 65_536) decoder.push(body.subarray(at, at + 65_536));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.body.equals(body)).toBe(true);
    expect(seen[0]?.body.buffer.byteLength).toBe(body.length + 8);
  });

  it('hands out small frames as views on the chunk', () => {
    const seen: Frame[] = [];
    const chunk = encodeFrame(FRAME.end, 1, '', Buffer.from('null'));
    decoderOf(seen).push(chunk);
    expect(seen[0]?.body.buffer).toBe(chunk.buffer);
  });

  it('skips unknown optional frames and refuses other unknown or misdirected ones', () => {
    const seen: Frame[] = [];
    const decoder = decoderOf(seen);
    const unknown = 200 as FrameType;
    const bytes = Buffer.concat([
      encodeFrame(unknown, 0, '{}', Buffer.alloc(100), FLAG_OPTIONAL),
      encodeFrame(FRAME.pong, 0, '{"n":1}', null),
    ]);
    for (const byte of bytes) expect(decoder.push(Buffer.of(byte))).toBeNull();
    expect(seen.map((f) => f.type)).toEqual([FRAME.pong]);
    expect(decoderOf().push(encodeFrame(unknown, 0, '', null))?.kind).toBe('unknownType');
    expect(decoderOf().push(encodeFrame(FRAME.invoke, 1, '{}', null))?.kind).toBe('unknownType');
  });

  it('names a length shorter than its meta and a connection that ends within a frame', () => {
    const short = encodeFrame(FRAME.pong, 0, '{"n":1}', null);
    short.writeUInt32BE(3, 0);
    expect(decoderOf().push(short)?.kind).toBe('shortFrame');
    for (const cut of [1, HEADER_BYTES, HEADER_BYTES + 2]) {
      const decoder = decoderOf();
      decoder.push(encodeFrame(FRAME.pong, 0, '{"n":1}', null).subarray(0, cut));
      expect(decoder.end()?.kind).toBe('truncated');
    }
  });

  it('stops before a frame that cannot pay, wherever the bytes are cut, and goes on there later', () => {
    const log = encodeFrame(FRAME.log, 1, '{"s":1}', Buffer.alloc(600_000), FLAG_OPTIONAL);
    const end = encodeFrame(FRAME.end, 1, '{"us":1}', Buffer.from('1'));
    for (const cut of [0, 5, HEADER_BYTES, HEADER_BYTES + 3]) {
      let nowMs = 0;
      const seen: number[] = [];
      const toll = new FrameToll(() => nowMs);
      const decoder = new FrameDecoder({ accepts: FROM_SHIM, toll }, (frame) => seen.push(frame.type));
      const bytes = Buffer.concat([log, log, log, end]);
      const third = 2 * log.length + cut;
      decoder.push(bytes.subarray(0, third));
      expect(decoder.isHeld).toBe(cut >= HEADER_BYTES);
      decoder.push(bytes.subarray(third));
      expect([decoder.isHeld, seen]).toEqual([true, [FRAME.log, FRAME.log]]);
      expect([decoder.goOn(), decoder.isHeld]).toEqual([null, true]);
      nowMs += toll.waitMs;
      expect([decoder.goOn(), decoder.isHeld, decoder.end()]).toEqual([null, false, null]);
      expect(seen).toEqual([FRAME.log, FRAME.log, FRAME.log, FRAME.end]);
    }
  });

  it('lets go of what it held, and reads nothing more, once stopped', () => {
    const seen: Frame[] = [];
    const decoder = new FrameDecoder({ accepts: FROM_SHIM }, (frame) => {
      seen.push(frame);
      decoder.stop();
    });
    const pong = encodeFrame(FRAME.pong, 0, '{"n":1}', null);
    expect(decoder.push(Buffer.concat([pong, pong]))).toBeNull();
    decoder.push(pong);
    expect(seen).toHaveLength(1);
  });

  it('throws on frames of ours that no peer would take', () => {
    expect(() => encodeHead(FRAME.invoke, 1, 'x'.repeat(65_536), 0)).toThrow(RangeError);
    expect(() => encodeHead(FRAME.invoke, 1, '', BODY_MAX_BYTES + 1)).toThrow(RangeError);
  });

  it('reads meta objects and nothing else', () => {
    expect(parseMeta(Buffer.from('{"us":5}'))).toEqual({ us: 5 });
    expect(parseMeta(Buffer.alloc(0))).toEqual({});
    for (const bad of ['[]', 'null', '1', '{', '\xff']) expect(parseMeta(Buffer.from(bad, 'latin1'))).toBeNull();
  });
});

const anyFrame = fc.record({
  type: fc.constantFrom(...ALL),
  flags: fc.integer({ min: 0, max: 255 }),
  stream: fc.integer({ min: 0, max: 0xffff_ffff }),
  meta: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify({ text })),
  body: fc.uint8Array({ maxLength: 200 }),
});

function plain(frame: Frame): unknown {
  return { ...frame, meta: frame.meta.toString(), body: frame.body.toString('hex') };
}

function decoderOf(seen: Frame[] = []): FrameDecoder {
  return new FrameDecoder({ accepts: FROM_SHIM }, (frame) => seen.push(frame));
}
