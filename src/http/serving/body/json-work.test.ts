import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isCheapJson } from './json-work.ts';

const LIMITS = { tokensMax: 1_000, depthMax: 16 };

/** Counts the bytes that are looked at, which is all the work there is. */
function workOf(text: string): { isCheap: boolean; bytes: number } {
  let bytes = 0;
  const counting = new Proxy(Buffer.from(text), {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) bytes++;
      return Reflect.get(target, key, target);
    },
  });
  return { isCheap: isCheapJson(counting, LIMITS), bytes };
}

it.each([
  ['distinct keys', `{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join(',')}}`],
  ['nested arrays', '['.repeat(1_000_000)],
  ['nested objects', '{"a":'.repeat(100_000)],
  ['a flat list', `[${'1,'.repeat(100_000)}1]`],
  ['empty strings', `[${'"",'.repeat(100_000)}""]`],
])('%s are given up at the limit, long before their end', (_name, text) => {
  const { isCheap, bytes } = workOf(text);
  expect(isCheap).toBe(false);
  expect(bytes).toBeLessThan(LIMITS.tokensMax * 64);
});

it.each([
  ['a long string', JSON.stringify('x'.repeat(100_000))],
  ['a string of quotes and brackets', JSON.stringify('"[{,:'.repeat(20_000))],
  ['code', JSON.stringify({ source: 'export const handler = async () => ({a: [1, 2, "3"]});\n'.repeat(1_000) })],
])('%s passes, for at most two looks at each byte', (_name, text) => {
  const { isCheap, bytes } = workOf(text);
  expect(isCheap).toBe(true);
  expect(bytes).toBeLessThanOrEqual(2 * Buffer.byteLength(text));
});

it('small JSON of any shape passes, and what is not JSON ends too', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(text.length < 500);
      expect(isCheapJson(Buffer.from(text), LIMITS)).toBe(true);
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof isCheapJson(bytes, LIMITS) === 'boolean'));
});
