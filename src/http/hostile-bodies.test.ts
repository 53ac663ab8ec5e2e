import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MIB } from '../domain/limits.ts';
import { type ConsoleServer, createConsoleServer } from './console-server.ts';
import { JSON_WORK_LIMITS } from './serving/body/json-work.ts';
import { fakeDeps } from './testing/fake-deps.ts';
import { functionUrlBed, OPEN, returns } from './testing/function-url-bed.ts';

/**
 * What JSON.parse may be given in one turn of the event loop: the parts of one body within its limits, and the small texts of a request
 * (its cursor, its meta).
 */
const PARTS_IN_TURN_MAX = JSON_WORK_LIMITS.tokensMax + 1_000;
const BYTES = 5 * MIB;

const HOSTILE: [string, string][] = [
  ['distinct keys', `{${Array.from({ length: BYTES / 10 }, (_, n) => `"${n}":1`).join(',')}}`],
  ['nested arrays', '['.repeat(BYTES / 2) + ']'.repeat(BYTES / 2)],
  ['nested objects', `${'{"a":'.repeat(BYTES / 6)}1${'}'.repeat(BYTES / 6)}`],
  ['a flat list', `[${'1,'.repeat(BYTES / 2)}1]`],
  ['empty strings', `[${'"",'.repeat(BYTES / 3)}""]`],
  ['half of an object', `{"a":${'['.repeat(BYTES)}`],
];
/** Where a body of a route nests: its limits count the whole. */
const MEMBERS = ['', 'code', 'files', 'tags', 'event', 'settings'];

let mostInTurn: number;
let inTurn: number;

/** Counts what is parsed, which is all that makes a body dear: the scan before it takes one step a byte (json-work.test.ts). */
beforeEach(() => {
  mostInTurn = 0;
  inTurn = 0;
  const parse = JSON.parse;
  vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) => {
    if (inTurn === 0) setImmediate(() => (inTurn = 0));
    inTurn += partsOf(text);
    mostInTurn = Math.max(mostInTurn, inTurn);
    return parse(text, reviver);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function partsOf(text: string): number {
  let parts = 1;
  for (let at = 0; at < text.length; at += 1) if (',:[{'.includes(text[at] as string)) parts += 1;
  return parts;
}

const http: ConsoleServer = await createConsoleServer(fakeDeps());
afterAll(() => http.close(0));
const { paths } = (await http.app.inject('/api/v1/openapi.json')).json() as {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, unknown> } }>>;
};
const takeJson = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([, { requestBody }]) => Object.keys(requestBody?.content ?? {}).some((type) => type.includes('json')))
    .map(([method]) => ({ method: method.toUpperCase(), path })),
);

describe.each(HOSTILE)('I1: a body of %s', (_name, json) => {
  it.each(takeJson)('to $method $path is refused after a bounded number of parts', async ({ method, path }) => {
    for (const member of MEMBERS) {
      const reply = await http.app.inject({
        method: method as 'POST',
        url: path.replace(/\{\w+\}/g, 'hello'),
        headers: { authorization: 'Bearer admin-key', 'content-type': 'application/json' },
        payload: member === '' ? json : `{"${member}":${json}}`,
      });
      expect([member, reply.statusCode < 500]).toEqual([member, true]);
    }
    expect(mostInTurn).toBeLessThanOrEqual(PARTS_IN_TURN_MAX);
  });
});

describe('I1: what a function says', () => {
  const bed = functionUrlBed();

  it.each(HOSTILE)('as %s is answered or refused, and its parts are not parsed', async (_name, json) => {
    const wrapped = ['headers', 'cookies', 'body', 'statusCode', 'isBase64Encoded', 'other'].map(
      (member) => `{"statusCode":200,"${member}":${json}}`,
    );
    for (const result of [json, ...wrapped]) {
      bed.add('says', OPEN, returns(result));
      const reply = await fetch(`${bed.origin}/fn/says`);
      await reply.arrayBuffer();
      expect([200, 502]).toContain(reply.status);
    }
    expect(mostInTurn).toBeLessThanOrEqual(PARTS_IN_TURN_MAX);
  });

  it.each(HOSTILE)('as a prelude of %s is refused, and its parts are not parsed', async (_name, json) => {
    bed.add('streams', OPEN, (request, answer) => {
      request.stream?.head({ contentType: 'x', httpPrelude: true });
      for (let at = 0; at < json.length; at += 64 * 1024)
        request.stream?.write(Buffer.from(json.slice(at, at + 64 * 1024)));
      request.stream?.write(Buffer.alloc(8));
      answer({ streamed: true });
    });
    const reply = await fetch(`${bed.origin}/fn/streams`);
    expect(reply.status).toBe(502);
    expect(mostInTurn).toBeLessThanOrEqual(PARTS_IN_TURN_MAX);
  });

  it.each(HOSTILE)('is asked with an event of %s, which nobody here parses', async (_name, json) => {
    bed.add('asked', OPEN, returns('1'));
    expect((await fetch(`${bed.origin}/fn/asked`, { method: 'POST', body: json })).status).toBeLessThan(500);
    expect(mostInTurn).toBeLessThanOrEqual(1_000);
  });
});
