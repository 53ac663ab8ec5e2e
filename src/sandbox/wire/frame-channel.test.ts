import { Duplex, type DuplexOptions, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { FrameChannel } from './frame-channel.ts';
import { encodeFrame, type Frame, type WireViolation } from './frame-codec.ts';
import { FRAME, FROM_HOST, FROM_SHIM } from './frame-type.ts';

const open: Duplex[] = [];
afterEach(() => {
  for (const duplex of open.splice(0)) duplex.destroy();
});

/** A channel, and how many pieces each of its writes had. */
function countedWrites() {
  const writes: number[] = [];
  const duplex = sink({
    writev(chunks, done) {
      writes.push(chunks.length);
      done();
    },
  });
  return { writes, channel: watch(duplex, FROM_SHIM).channel };
}

describe('FrameChannel', () => {
  it('carries frames both ways in order, large bodies included', async () => {
    const [hostEnd, shimEnd] = pair();
    const host = watch(hostEnd, FROM_SHIM);
    const shim = watch(shimEnd, FROM_HOST);
    const big = Buffer.alloc(3 * 1024 * 1024, 1);
    expect(host.channel.send(FRAME.invoke, 1, '{"id":"a"}', big)).toBe(true);
    expect(host.channel.send(FRAME.invoke, 2, '{"id":"é"}', Buffer.from('{}'))).toBe(true);
    expect(shim.channel.send(FRAME.end, 1, '{"us":1}', Buffer.from('null'))).toBe(true);
    await until(() => shim.frames.length === 2 && host.frames.length === 1);
    expect(shim.frames[0]?.body.equals(big)).toBe(true);
    expect(shim.frames[1]?.meta.toString()).toBe('{"id":"é"}');
  });

  it('sends the frames of one turn of the event loop in one write', async () => {
    const { writes, channel } = countedWrites();
    for (let n = 0; n < 5; n++) channel.send(FRAME.ping, 0, '{"n":1}', null);
    await until(() => writes.length > 0);
    expect(writes).toEqual([5]);
  });

  it('sends frames that may wait with those of later callbacks of the same turn', async () => {
    const { writes, channel } = countedWrites();
    const send = () => channel.send(FRAME.ping, 0, '{"n":1}', null, true);
    send();
    process.nextTick(() => process.nextTick(send));
    queueMicrotask(send);
    await until(() => writes.length > 0);
    expect(writes).toEqual([3]);
  });

  it('refuses to hold more unsent bytes than its bound, and says so', () => {
    const duplex = sink({ write() {} });
    const { channel } = watch(duplex, FROM_SHIM, 100_000);
    const body = Buffer.alloc(60_000);
    expect(channel.send(FRAME.invoke, 1, '{}', body)).toBe(true);
    expect(channel.send(FRAME.invoke, 2, '{}', body)).toBe(false);
    expect(channel.unsentBytes).toBeLessThan(100_000);
  });

  it('closes on the first violation, reports it once and passes on nothing after it', async () => {
    const [hostEnd, shimEnd] = pair();
    const host = watch(hostEnd, FROM_SHIM);
    shimEnd.write(
      Buffer.concat([
        encodeFrame(FRAME.pong, 0, '{"n":1}', null),
        encodeFrame(FRAME.invoke, 1, '{}', null),
        encodeFrame(FRAME.pong, 0, '{"n":2}', null),
      ]),
    );
    await until(() => host.closes.length === 1);
    expect(host.frames).toHaveLength(1);
    expect(host.violations.map((v) => v.kind)).toEqual(['unknownType']);
    expect(host.channel.isOpen).toBe(false);
    expect(host.channel.send(FRAME.ping, 0, '', null)).toBe(false);
  });

  it('reports a connection that ends within a frame, then its close, once each', async () => {
    const [hostEnd, shimEnd] = pair();
    const host = watch(hostEnd, FROM_SHIM);
    shimEnd.end(encodeFrame(FRAME.pong, 0, '{"n":1}', null).subarray(0, 9));
    await until(() => host.closes.length === 1);
    expect(host.violations.map((v) => v.kind)).toEqual(['truncated']);
  });

  it('may be closed twice, and closes once; a connection dead from the start closes too', async () => {
    const [hostEnd] = pair();
    const host = watch(hostEnd, FROM_SHIM);
    host.channel.close();
    host.channel.close();
    await until(() => host.closes.length > 0);
    const late = watch(hostEnd, FROM_SHIM);
    await until(() => late.closes.length > 0);
    expect([host.closes.length, late.closes.length]).toEqual([1, 1]);
  });
});

function watch(duplex: Duplex, accepts: typeof FROM_SHIM, unsentMaxBytes?: number) {
  const frames: Frame[] = [];
  const violations: WireViolation[] = [];
  const closes: (Error | null)[] = [];
  const channel = new FrameChannel({
    duplex,
    accepts,
    onFrame: (frame) => frames.push(frame),
    onViolation: (violation) => violations.push(violation),
    onClose: (error) => closes.push(error),
    ...(unsentMaxBytes === undefined ? {} : { unsentMaxBytes }),
  });
  return { channel, frames, violations, closes };
}

function pair(): [Duplex, Duplex] {
  const [a, b] = duplexPair();
  open.push(a, b);
  return [a, b];
}

function sink(options: DuplexOptions): Duplex {
  const duplex = new Duplex({ read() {}, ...options });
  open.push(duplex);
  return duplex;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true within 5 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
