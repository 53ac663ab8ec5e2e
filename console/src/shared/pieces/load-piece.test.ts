import { expect, it } from 'vitest';
import { loadPiece } from './load-piece.ts';

const NO_PAUSE = [0, 0];

it('a piece that fails is asked for again, a bounded number of times', async () => {
  let asked = 0;
  const failing = (failures: number) => async () => {
    if (asked++ < failures) throw new TypeError(`failure ${asked}`);
    return 'here';
  };
  expect(await loadPiece(failing(2), NO_PAUSE)).toBe('here');
  asked = 0;
  await expect(loadPiece(failing(9), NO_PAUSE)).rejects.toThrow('failure 3');
  expect(asked).toBe(3);
});
