import { expect, it } from 'vitest';
import { forgetPerson } from './forget-person.ts';

it('nothing a person typed stays, the colour scheme and foreign keys do', () => {
  const names = ['coldframe-draft-1', 'other', 'coldframe-event-1', 'coldframe-color-scheme', 'coldframe-call-after'];
  forgetPerson({
    get length() {
      return names.length;
    },
    key: (index) => names[index] ?? null,
    removeItem: (name) => void names.splice(names.indexOf(name), 1),
  });
  expect(names).toEqual(['other', 'coldframe-color-scheme']);
});
