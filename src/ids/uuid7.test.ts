import { expect, test } from 'vitest';
import { uuid7, uuid7Ms } from './uuid7.ts';

test('an id is a version 7 UUID that carries its time', () => {
  const before = Date.now();
  const id = uuid7();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid7Ms(id)).toBeGreaterThanOrEqual(before);
  expect(uuid7Ms(id)).toBeLessThan(before + 5_000);
});

test('ids rise strictly, also across more ids than one millisecond holds', () => {
  let last = '';
  for (let i = 0; i < 50_000; i++) {
    const id = uuid7();
    expect(id > last).toBe(true);
    last = id;
  }
});

test('a clock that steps back does not make ids step back', () => {
  const ahead = uuid7(Date.now() + 60_000);
  expect(uuid7(Date.now() - 60_000) > ahead).toBe(true);
});
