import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SOURCE } from '../../../catalog/testing/catalog-testbed.ts';
import { craftZip } from '../../../packages/testing/craft-zip.ts';
import { consoleBed } from '../../testing/console-bed.ts';

const bed = consoleBed();
const HELLO = { name: 'new', runtime: 'nodejs24', code: { source: 'export const handler = () => 1' } };

describe('functions', () => {
  it('creates with 201, Location and ETag, and hides secrets', async () => {
    const secret = 'a-word-nobody-may-read-back';
    const body = { ...HELLO, url: { auth: 'none' }, env: { A: 'b', TOKEN: { secret } } };
    const reply = await bed.send('POST', '/api/v1/functions', body);
    expect(reply.status).toBe(201);
    expect(reply.headers.location).toBe('/api/v1/functions/new');
    expect(reply.json.env).toEqual({ A: 'b', TOKEN: { secret: true } });
    expect(reply.json.url).toMatch(/^http:\/\/127\.0\.0\.1:8643\/fn\/\w+$/);
    expect(reply.json).not.toHaveProperty('urlId');
    const read = await bed.send('GET', '/api/v1/functions/new');
    expect(read.headers.etag).toBe(reply.headers.etag);
    const listed = await bed.send('GET', '/api/v1/functions');
    for (const { text } of [reply, read, listed]) expect(text).not.toContain(secret);
  });

  it.each([
    ['an unknown field', { ...HELLO, colour: 'red' }, '/colour'],
    ['an unknown field deep inside', { ...HELLO, url: { auth: 'none', x: 1 } }, '/url/x'],
    ['a number as text', { ...HELLO, timeoutMs: '3000' }, '/timeoutMs'],
    ['a value out of range', { ...HELLO, memoryMib: 1 }, '/memoryMib'],
    ['a bad name', { ...HELLO, name: '../x' }, '/name'],
    ['a missing field', { name: 'x', runtime: 'nodejs24' }, '/code'],
    ['both kinds of code', { ...HELLO, code: { source: '', files: {} } }, '/code'],
    ['no code at all', { ...HELLO, code: {} }, '/code'],
    ['null for a setting at create', { ...HELLO, timeoutMs: null }, '/timeoutMs'],
    ['an enum value that does not exist', { ...HELLO, network: 'all' }, '/network'],
    ['an array', [HELLO], ''],
    ['a __proto__ key', '{"name":"p","runtime":"nodejs24","code":{"source":""},"__proto__":{"x":1}}', '/__proto__'],
  ])('I7: refuses %s with its JSON pointer', async (_what, body, path) => {
    const reply = await bed.send('POST', '/api/v1/functions', body);
    expect(reply.status).toBe(400);
    expect(reply.json.code).toBe('invalid_request');
    expect(reply.json.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(reply.headers['content-type']).toBe('application/problem+json');
  });

  it('lists every wrong field of a small body at once', async () => {
    const reply = await bed.send('POST', '/api/v1/functions', { ...HELLO, timeoutMs: 'x', memoryMib: 'y', z: 1 });
    expect(reply.json.errors).toHaveLength(3);
  });

  it('I10: a body of very many wrong fields gets one finding', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`f${index}`, 1]));
    const reply = await bed.send('POST', '/api/v1/functions', { ...HELLO, ...many });
    expect(reply.json.errors).toHaveLength(1);
  });

  it('tells invalid JSON from a wrong type, and names a wrong content type', async () => {
    expect((await bed.send('POST', '/api/v1/functions', '{"name":')).json.code).toBe('invalid_json');
    expect((await bed.send('POST', '/api/v1/functions', '"text"')).json.code).toBe('invalid_request');
    const typed = await bed.send('POST', '/api/v1/functions', '<x/>', { 'content-type': 'application/xml' });
    expect([typed.status, typed.json.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('I7: refuses a body over the bound with 413', async () => {
    const reply = await bed.send('PATCH', '/api/v1/functions/hello', { description: 'x'.repeat(300 * 1024) });
    expect([reply.status, reply.json.code]).toEqual([413, 'payload_too_large']);
  });

  it('passes If-Match on and answers 412 function_changed', async () => {
    const stale = await bed.send('PATCH', '/api/v1/functions/hello', { memoryMib: 256 }, { 'if-match': '"old"' });
    expect([stale.status, stale.json.code]).toEqual([412, 'function_changed']);
    const etag = String((await bed.send('GET', '/api/v1/functions/hello')).headers.etag);
    const change = { memoryMib: null, env: { A: null } };
    const fresh = await bed.send('PATCH', '/api/v1/functions/hello', change, { 'if-match': etag });
    expect(fresh.status).toBe(200);
  });

  it('refuses unknown and wrong query parameters, and coerces numbers', async () => {
    expect((await bed.send('GET', '/api/v1/functions?limit=10')).status).toBe(200);
    const wrong = await bed.send('GET', '/api/v1/functions?limit=0&nope=1');
    expect(wrong.json.errors.map((error: { path: string }) => error.path).sort()).toEqual([
      '/query/limit',
      '/query/nope',
    ]);
  });

  it('takes code as JSON and as a zip, and answers 404 for an absent function before reading it', async () => {
    expect((await bed.send('PUT', '/api/v1/functions/hello/code', { source: SOURCE })).status).toBe(200);
    const zip = { 'content-type': 'application/zip' };
    const archive = craftZip([{ name: 'index.mjs', data: Buffer.from(SOURCE) }]);
    expect((await bed.send('PUT', '/api/v1/functions/hello/code', archive, zip)).status).toBe(200);
    const broken = await bed.send('PUT', '/api/v1/functions/hello/code', 'PK...', zip);
    expect([broken.status, broken.json.code]).toEqual([422, 'invalid_zip']);
    expect((await bed.send('PUT', '/api/v1/functions/nobody/code', 'PK...', zip)).json.code).toBe('function_not_found');
    const extra = await bed.send('PUT', '/api/v1/functions/hello/code', { source: 'x', more: 1 });
    expect(extra.json.errors[0].path).toBe('/more');
    const huge = { ...zip, 'content-length': String(60 * 1024 * 1024) };
    expect((await bed.send('PUT', '/api/v1/functions/hello/code', 'PK', huge)).status).toBe(413);
    expect(readdirSync(bed.deps.config.uploadDir)).toEqual([]);
  });

  it('I7: a deploy without any body, of no type or of one, is 400', async () => {
    const key = { authorization: 'Bearer admin-key' };
    for (const headers of [key, { ...key, 'content-type': 'application/json' }]) {
      const reply = await bed.http.app.inject({ method: 'PUT', url: '/api/v1/functions/hello/code', headers });
      expect([reply.statusCode, reply.json().code]).toEqual([400, 'invalid_request']);
    }
  });

  it('gives code as JSON, or as a zip to those who ask for one', async () => {
    const files = Object.values((await bed.send('GET', '/api/v1/functions/hello/code')).json.files);
    expect(files).toEqual([SOURCE]);
    const zip = await bed.send('GET', '/api/v1/functions/hello/code', undefined, { accept: 'application/zip' });
    expect([zip.headers['content-type'], zip.text.slice(0, 2)]).toEqual(['application/zip', 'PK']);
  });

  it('deletes with 204 and no body', async () => {
    await bed.send('POST', '/api/v1/functions', { ...HELLO, name: 'gone' });
    const reply = await bed.send('DELETE', '/api/v1/functions/gone');
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect((await bed.send('GET', '/api/v1/functions/gone')).json.code).toBe('function_not_found');
  });
});
