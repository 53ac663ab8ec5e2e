import { expect, it } from 'vitest';
import { chooseEntries, type PaletteEntry } from './palette-entries.ts';

const entry = (label: string, also?: string): PaletteEntry => ({ id: label, label, hint: 'function', also, run() {} });
const ENTRIES = ['resize-image', 'image', 'my-images', 'mailing', 'other'].map((label) => entry(label));
const labels = (typed: string): string[] => chooseEntries(ENTRIES, typed).map(({ label }) => label);

it('the nearer the beginning, the higher', () => {
  expect(labels('image')).toEqual(['image', 'resize-image', 'my-images']);
});

it('letters in order will do when nothing better does', () => {
  expect(labels('rimg')).toEqual(['resize-image']);
});

it('other words lead there too, and what fits nothing is not shown', () => {
  expect(chooseEntries([entry('Dark theme', 'colour night')], 'night')).toHaveLength(1);
  expect(labels('zzz')).toEqual([]);
});

it('never shows more than fits, whatever there is', () => {
  expect(
    chooseEntries(
      Array.from({ length: 5_000 }, (_, index) => entry(`fn-${index}`)),
      'fn',
    ),
  ).toHaveLength(50);
});
