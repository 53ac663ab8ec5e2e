import fc from 'fast-check';
import { expect, test } from 'vitest';
import { captureBody, REDACTED, shouldCapture } from './capture.ts';

const CAP = 64 * 1024;
const capture = (value: unknown): unknown => JSON.parse(captureBody(Buffer.from(JSON.stringify(value)), CAP)!);

test('the policy: none keeps nothing, errors keeps what failed, all keeps all, and try is always kept', () => {
  expect(shouldCapture('none', 'api', 'error')).toBe(false);
  expect(shouldCapture('errors', 'api', 'ok')).toBe(false);
  expect(shouldCapture('errors', 'api', 'timeout')).toBe(true);
  expect(shouldCapture('all', 'http', 'ok')).toBe(true);
  expect(shouldCapture('none', 'try', 'ok')).toBe(true);
});

test('a body without sensitive names is kept byte for byte, whatever it holds', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      fc.pre(!/authorization|cookie/i.test(json));
      expect(captureBody(Buffer.from(json), CAP)).toBe(json);
    }),
  );
  expect(captureBody(Buffer.from('{"__proto__": 1,  "a":1.0}'), CAP)).toBe('{"__proto__": 1,  "a":1.0}');
});

test('a body of exactly the cap is kept, one byte more is not', () => {
  expect(captureBody(Buffer.alloc(CAP, 'x'), CAP)).toHaveLength(CAP);
  expect(captureBody(Buffer.alloc(CAP + 1, 'x'), CAP)).toBeNull();
});

test('authorization and cookies of HTTP events and results are redacted, in any case and shape', () => {
  const event = {
    headers: { Authorization: 'Bearer s3cret', cookie: 'a=s3cret', accept: 'text/html' },
    multiValueHeaders: { 'Set-Cookie': ['a=s3cret', 'b=s3cret'] },
    cookies: ['sid=s3cret; HttpOnly', 's3cret'],
    body: 'cookie recipe',
  };
  const kept = capture(event);
  expect(JSON.stringify(kept)).not.toContain('s3cret');
  expect(kept).toEqual({
    headers: { Authorization: REDACTED, cookie: REDACTED, accept: 'text/html' },
    multiValueHeaders: { 'Set-Cookie': [REDACTED] },
    cookies: [`sid=${REDACTED}`, REDACTED],
    body: 'cookie recipe',
  });
});

test('what only talks of cookies is kept as it is; what cannot be parsed but names one is not kept', () => {
  const text = '{ "recipe": "cookie" }';
  expect(captureBody(Buffer.from(text), CAP)).toBe(text);
  expect(captureBody(Buffer.from('"cookie"'), CAP)).toBe('"cookie"');
  expect(captureBody(Buffer.from('{"headers": {"cookie": "a=s3cret"'), CAP)).toBeNull();
});
