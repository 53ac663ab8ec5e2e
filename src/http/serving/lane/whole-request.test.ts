import { describe, expect, it } from 'vitest';
import { readWholeRequest } from './whole-request.ts';

const LINES = ['POST /api/v1/functions/f/invoke HTTP/1.1', 'Host: localhost:1', 'Content-Length: 2', 'X-A: b c'];

function chunkOf(lines: string[], body = '{}'): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

function withLine(line: string): Buffer {
  return chunkOf([...LINES, line]);
}

describe('a whole request', () => {
  it('is a head and exactly its body', () => {
    const chunk = chunkOf(LINES);
    const request = readWholeRequest(chunk, null);
    expect(request?.path).toBe('/api/v1/functions/f/invoke');
    expect({ ...request?.headers }).toEqual({ host: 'localhost:1', 'content-length': '2', 'x-a': 'b c' });
    expect(chunk.subarray(request?.bodyAt).toString()).toBe('{}');
  });

  it('may have an empty body', () => {
    expect(readWholeRequest(chunkOf(['POST / HTTP/1.1', 'content-length: 0'], ''), null)).not.toBeNull();
  });

  it('whose head comes again is not parsed again, whatever its body', () => {
    const first = readWholeRequest(chunkOf(LINES, '{}'), null);
    expect(readWholeRequest(chunkOf(LINES, '[]'), first)).toBe(first);
    expect(readWholeRequest(chunkOf([...LINES, 'x-b: c']), first)).not.toBe(first);
  });

  it('keeps headers called like members of objects apart from them', () => {
    const request = readWholeRequest(withLine('constructor: 1'), null);
    expect(request?.headers.constructor).toBe('1');
    expect(readWholeRequest(chunkOf(LINES), null)?.headers.constructor).toBeUndefined();
  });
});

describe('is left to node:http', () => {
  it.each([
    ['half a head', Buffer.from('POST / HTTP/1.1\r\nhost: a\r\n')],
    ['half a body', chunkOf(LINES, '{')],
    ['a byte behind the body', chunkOf(LINES, '{}x')],
    ['a second request behind it', Buffer.concat([chunkOf(LINES), chunkOf(LINES)])],
    ['a second request behind it, when the head is known', Buffer.concat([chunkOf(LINES), chunkOf(LINES)])],
    ['another method', chunkOf(['GET / HTTP/1.1', 'content-length: 2'])],
    ['a method in small letters', chunkOf(['post / HTTP/1.1', 'content-length: 2'])],
    ['HTTP/1.0', chunkOf(['POST / HTTP/1.0', 'content-length: 2'])],
    ['HTTP/1.1 and more', chunkOf(['POST / HTTP/1.1 ', 'content-length: 2'])],
    ['a blank in the target', chunkOf(['POST /a b HTTP/1.1', 'content-length: 2'])],
    ['an absolute target', chunkOf(['POST http://a/ HTTP/1.1', 'content-length: 2'])],
    ['no length', chunkOf(['POST / HTTP/1.1', 'host: a'])],
    ['two lengths', withLine('content-length: 2')],
    ['two lengths in one line', chunkOf(['POST / HTTP/1.1', 'content-length: 2, 2'])],
    ['a signed length', chunkOf(['POST / HTTP/1.1', 'content-length: +2'])],
    ['a length with a leading zero', chunkOf(['POST / HTTP/1.1', 'content-length: 02'])],
    ['a hexadecimal length', chunkOf(['POST / HTTP/1.1', 'content-length: 0x2'])],
    ['a length and a transfer encoding', withLine('transfer-encoding: chunked')],
    ['a transfer encoding written oddly', withLine('Transfer-Encoding: xchunked')],
    ['a blank before the colon', withLine('x-b : c')],
    ['a folded line', withLine(' folded')],
    ['a folded line by tab', withLine('\tfolded')],
    ['a tab in a value', withLine('x-b: c\td')],
    ['a NUL in a value', withLine('x-b: c\0d')],
    ['a lone line feed in a value', withLine('x-b: c\nx-c: d')],
    ['a lone carriage return in a value', withLine('x-b: c\rd')],
    ['a byte above ASCII', withLine('x-b: \xe9')],
    ['an empty value', withLine('x-b:')],
    ['a blank behind a value', withLine('x-b: c ')],
    ['a header without a name', withLine(': c')],
    ['an underscore in a name', withLine('content_length: 2')],
    ['any header twice', withLine('x-a: d')],
    ['a wish to continue', withLine('expect: 100-continue')],
    ['a wish to upgrade', withLine('upgrade: h2c')],
    ['a wish to close', withLine('connection: close')],
    ['a list of connection options', withLine('connection: keep-alive, te')],
    ['a head above 4 KiB', withLine(`x-b: ${'c'.repeat(5_000)}`)],
    ['an empty line before the request', Buffer.concat([Buffer.from('\r\n'), chunkOf(LINES)])],
    ['a line feed alone at line ends', Buffer.from('POST / HTTP/1.1\ncontent-length: 2\n\n{}')],
    ['bytes that are no HTTP', Buffer.from([0x16, 3, 1, 2, 0, 1])],
  ])('%s', (_what, chunk) => {
    const known = readWholeRequest(chunkOf(LINES), null);
    expect(readWholeRequest(chunk, null)).toBeNull();
    expect(readWholeRequest(chunk, known)).toBeNull();
  });
});
