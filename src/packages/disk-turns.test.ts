import { expect, test } from 'vitest';
import { DiskTurns } from './disk-turns.ts';

test('no more than its number run at once, each in its turn, and failures pass their turn on', async () => {
  const turns = new DiskTurns(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const works = Array.from({ length: 10 }, (_, number) =>
    turns.take(async () => {
      begun.push(number);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (number % 3 === 0) throw new Error(`${number}`);
      return number;
    }),
  );
  const settled = await Promise.allSettled(works);
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(most).toBe(2);
  expect(await turns.take(async () => 'later')).toBe('later');
});
