import { expect, it } from 'vitest';
import { sessionToken } from '../testing/samples.ts';
import { isOwnCookie, sessionCookieName, sessionTokensOf } from './own-cookies.ts';

const [a, b] = [sessionToken('a'), sessionToken('b')];

it('the session’s cookie is bound to its host where the console is reached by https', () => {
  expect([sessionCookieName(null), sessionCookieName(new URL('https://console.example.org'))]).toEqual([
    'coldframe_session',
    '__Host-coldframe_session',
  ]);
});

it.each([
  [`coldframe_session=${a}`, [a]],
  [`x=1; coldframe_session=${a}; __Host-coldframe_session=${b}`, [b, a]],
  [`coldframe_session=tossed; coldframe_session=${a}`, [a]],
  [`coldframe_session=${a}; coldframe_session=${a}`, [a]],
  [`coldframe_session=${'x'.repeat(10_000)}`, []],
  ['', []],
])('of the cookies %s these are tried: %j', (cookie, tokens) => {
  expect(sessionTokensOf({ cookie })).toEqual(tokens);
});

it('however many are tossed, four are tried, the host-bound one among them', () => {
  const tossed = Array.from({ length: 100 }, (_, index) => `coldframe_session=${sessionToken(String(index))}`);
  const tokens = sessionTokensOf({ cookie: [...tossed, `__Host-coldframe_session=${a}`].join('; ') });
  expect([tokens.length, tokens[0]]).toEqual([4, a]);
});

it.each([
  ['coldframe_session', true],
  [' __Host-coldframe_session', true],
  ['__secure-COLDFRAME-x', true],
  ['coldframe_device', true],
  ['coldframes', false],
  ['mycoldframe_session', false],
])('%s is ours: %s', (name, isOurs) => {
  expect(isOwnCookie(name)).toBe(isOurs);
});
