import { expect, test } from 'vitest';
import { findPythons } from './find-python.ts';

test('a search that was given up is no answer: it rejects, so that nobody takes Python for missing', async () => {
  const control = new AbortController();
  const searching = findPythons({ searchPath: [], signal: control.signal });
  control.abort(new Error('given up'));
  await expect(searching).rejects.toThrow('given up');
});
