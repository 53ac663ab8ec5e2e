import { expect, test } from 'vitest';
import { secretToken, urlId } from './random-id.ts';

test('a url id is 24 lower-case base32 characters and never repeats', () => {
  const ids = new Set(Array.from({ length: 2_000 }, urlId));
  expect(ids.size).toBe(2_000);
  for (const id of ids) expect(id).toMatch(/^[a-z2-7]{24}$/);
});

test('every base32 character occurs, so no bits are lost', () => {
  const seen = new Set(Array.from({ length: 500 }, urlId).join(''));
  expect(seen.size).toBe(32);
});

test('a token is its prefix and 256 bits of base64url', () => {
  expect(secretToken('cf_')).toMatch(/^cf_[A-Za-z0-9_-]{43}$/);
  expect(secretToken('cf_')).not.toBe(secretToken('cf_'));
});
