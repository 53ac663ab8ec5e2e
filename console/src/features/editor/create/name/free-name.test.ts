import { expect, it } from 'vitest';
import { freeName } from './free-name.ts';

it('a name that is taken gets a number', () => {
  expect(freeName('hello', new Set())).toBe('hello');
  expect(freeName('hello', new Set(['hello', 'hello-2']))).toBe('hello-3');
});
