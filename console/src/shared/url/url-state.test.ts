import { expect, it } from 'vitest';
import { readUrlState, writeUrlState } from './url-state.ts';

const DEFAULTS = { q: '', window: '1h' };

it('what the address does not name has its default', () => {
  expect(readUrlState('?q=a%20b&other=1', DEFAULTS)).toEqual({ q: 'a b', window: '1h' });
});

it('a default is left out of the address, and what others keep there stays', () => {
  expect(writeUrlState('?q=x&other=1', DEFAULTS, { q: '' })).toBe('?other=1');
  expect(writeUrlState('?other=1', DEFAULTS, { window: '6h' })).toBe('?other=1&window=6h');
  expect(writeUrlState('?window=6h', DEFAULTS, { window: '1h' })).toBe('');
});

it('an empty value that is not the default is kept', () => {
  expect(writeUrlState('', { window: '1h' }, { window: '' })).toBe('?window=');
});
