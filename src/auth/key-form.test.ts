import { describe, expect, it } from 'vitest';
import { secretToken } from '../ids/random-id.ts';
import { KeyForm } from './key-form.ts';

const CHOSEN = 'Summer-of-2026-in-the-hall';

describe('what looks like a secret of ours', () => {
  it.each(['cf_', 'cfs_', 'cfl_'])('is what Coldframe makes with %s, wherever it stands, known or not', (prefix) => {
    const form = new KeyForm(CHOSEN);
    for (let n = 0; n < 100; n += 1) {
      const secret = secretToken(prefix);
      for (const text of [secret, `Bearer ${secret}`, `Bearer other, Bearer ${secret}`, `x="${secret}"`])
        expect(form.isIn(text)).toBe(true);
    }
  });

  it('is a chosen admin key, and whatever begins as it does and is as long: nobody is told which of them it is', () => {
    const form = new KeyForm(CHOSEN);
    for (const text of [
      CHOSEN,
      `Bearer ${CHOSEN}`,
      `Basic x,Bearer  ${CHOSEN}`,
      `Bearer ${CHOSEN.slice(0, -1)}X`,
      `Bearer Summ${'x'.repeat(22)}`,
    ])
      expect(form.isIn(text)).toBe(true);
  });

  it.each([
    '',
    'Bearer',
    'Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc',
    'Basic Y2ZfYWJj',
    'Bearer cf_short',
    `Bearer ${'x'.repeat(26)}`,
    `Bearer ${CHOSEN}x`,
  ])('is nothing of other people’s: %s', (text) => {
    expect(new KeyForm(CHOSEN).isIn(text)).toBe(false);
  });
});
