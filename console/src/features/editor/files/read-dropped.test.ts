import { expect, it } from 'vitest';
import { readDropped } from './read-dropped.ts';

it('texts are read, a zip is found, and what is neither is named with what to do', async () => {
  const dropped = await readDropped([
    new File(['let a = 1;'], 'a.js'),
    new File([new Uint8Array([0, 1, 2])], 'icon.png'),
    new File([new Uint8Array([0xff, 0xfe])], 'latin.txt'),
    new File(['x'.repeat(2 * 1024 * 1024)], 'big.txt'),
    new File(['PK'], 'code.ZIP'),
  ]);
  expect(dropped.zip?.name).toBe('code.ZIP');
  expect(dropped.texts).toEqual([{ path: 'a.js', text: 'let a = 1;' }]);
  expect(dropped.refused).toEqual([
    'icon.png is not text; deploy a zip that holds it.',
    'latin.txt is not text; deploy a zip that holds it.',
    'big.txt is larger than 1 MiB; deploy a zip that holds it.',
  ]);
});

it('a great many files are cut, and said to be', async () => {
  const many = Array.from({ length: 60 }, (_, index) => new File(['x'], `${index}.js`));
  const { texts, refused } = await readDropped(many);
  expect([texts.length, refused.length]).toEqual([50, 1]);
});
