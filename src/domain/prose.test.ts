import { expect, it } from 'vitest';
import { plainProse, proseParts } from './prose.ts';

it('what stands between backticks is code, and no backtick of a pair is left', () => {
  const message = 'Start one with `coldframe up`, or `open` it.';
  expect(plainProse(message)).toBe('Start one with coldframe up, or open it.');
  expect(proseParts(message).filter(({ isCode }) => isCode)).toEqual([
    { text: 'coldframe up', isCode: true },
    { text: 'open', isCode: true },
  ]);
});

it('a single backtick is text', () => {
  expect(plainProse('Unexpected token `\nand ` too')).toBe('Unexpected token `\nand ` too');
});
