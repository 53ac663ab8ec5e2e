import { describe, expect, it } from 'vitest';
import { CREDIT_BYTES, FRAME } from '../src/sandbox/wire/frame-type.ts';
import { errorOf, LANGUAGES, runningShims } from '../test/shims/running-shims.ts';
import type { Heard, ShimProcess } from '../test/shims/shim-process.ts';

describe.each(LANGUAGES)('streams of the %s shim', (language) => {
  const _isNode = language === 'node';
  const { loaded } = runningShims(language);

  it('streams what the handler writes, the first chunk naming its type', async () => {
    const shim = await loaded('streams');
    const end = await shim.invoke(1, { pieces: 3 }, { stream: true });
    const chunks = chunksOf(shim, 1);
    expect(end).toMatchObject({ type: FRAME.end, text: '' });
    expect(chunks.map((chunk) => chunk.text).join('')).toBe('x'.repeat(15));
    expect(chunks[0]?.meta.contentType).toMatch(/^text\/plain/);
    expect(chunks.slice(1).every((chunk) => Object.keys(chunk.meta).length === 0)).toBe(true);
  });

  it('says that an empty stream is one, and ends a broken one with its error', async () => {
    const shim = await loaded('streams');
    expect((await shim.invoke(1, { pieces: 0 })).type).toBe(FRAME.end);
    expect(chunksOf(shim, 1)).toHaveLength(1);
    expect(errorOf(await shim.invoke(2, { failAt: 2 })).errorMessage).toBe('broke off');
  });

  it('streams an HTTP prelude as JSON and eight NUL bytes', async () => {
    const shim = await loaded('streams-http');
    await shim.invoke(1, {});
    const [head] = chunksOf(shim, 1);
    expect(head?.meta).toEqual({ contentType: 'application/vnd.awslambda.http-integration-response', prelude: true });
    const text = chunksOf(shim, 1)
      .map((chunk) => chunk.text)
      .join('');
    const [prelude, body] = text.split('\0'.repeat(8));
    expect(JSON.parse(prelude as string)).toMatchObject({ statusCode: 201, cookies: ['a=1'] });
    expect(body).toBe('<p>streamed</p>');
  });

  it('streams generators', async () => {
    const shim = await loaded('streams-generator');
    expect((await shim.invoke(1, { pieces: 2 })).type).toBe(FRAME.end);
    expect(chunksOf(shim, 1).map((chunk) => chunk.text)).toEqual(['piece 0\n', 'piece 1\n']);
  });

  it('sends no more of a stream than its credit, and goes on when there is more', async () => {
    const shim = await loaded('streams');
    shim.send(1, { pieces: 10, pieceBytes: 50_000 });
    await shim.until(() => bytesOf(shim, 1) === CREDIT_BYTES);
    shim.channel.send(FRAME.ping, 0, '{"n":1}', null);
    await shim.next((frame) => frame.type === FRAME.pong);
    expect(bytesOf(shim, 1)).toBe(CREDIT_BYTES);
    shim.channel.send(FRAME.credit, 1, '{"bytes":100000}', null);
    await shim.until(() => bytesOf(shim, 1) === CREDIT_BYTES + 100_000);
    shim.channel.send(FRAME.credit, 1, '{"bytes":1000000}', null);
    expect((await shim.reply(1)).type).toBe(FRAME.end);
    expect(bytesOf(shim, 1)).toBe(500_000);
  });
});

function chunksOf(shim: ShimProcess, stream: number): Heard[] {
  return shim.heard.filter((frame) => frame.type === FRAME.chunk && frame.stream === stream);
}

function bytesOf(shim: ShimProcess, stream: number): number {
  return chunksOf(shim, stream).reduce((sum, chunk) => sum + chunk.text.length, 0);
}
