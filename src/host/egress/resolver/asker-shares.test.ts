import { expect, test } from 'vitest';
import { AskerShares, type Droppable } from './asker-shares.ts';

class Work implements Droppable {
  isDropped = false;
  drop(): void {
    this.isDropped = true;
  }
}

function admitMany(shares: AskerShares, asker: string, count: number): Work[] {
  const admitted: Work[] = [];
  for (let n = 0; n < count; n += 1) {
    const work = new Work();
    if (shares.admit(asker, work)) admitted.push(work);
  }
  return admitted;
}

test('nobody has more than one’s own most, and all together not more than there is', () => {
  const shares = new AskerShares({ totalMax: 10, eachMax: 4 });
  expect(admitMany(shares, 'a', 100)).toHaveLength(4);
  expect(admitMany(shares, 'b', 100)).toHaveLength(4);
  admitMany(shares, 'c', 100);
  expect(shares.total).toBe(10);
});

test('where all is taken, a newcomer gets the oldest place of whoever has most, until both have about as much', () => {
  const shares = new AskerShares({ totalMax: 12, eachMax: 6 });
  const [first, second] = [admitMany(shares, 'a', 6), admitMany(shares, 'b', 6)];
  const newcomer = admitMany(shares, 'c', 6);
  expect(newcomer).toHaveLength(4);
  const left = [first, second].map((all) => all.filter((work) => !work.isDropped).length);
  expect(left).toEqual([4, 4]);
  expect(first[0]?.isDropped).toBe(true);
  expect(first.at(-1)?.isDropped).toBe(false);
  expect(shares.total).toBe(12);
});

test('those who share equally lose nothing to each other', () => {
  const shares = new AskerShares({ totalMax: 4, eachMax: 4 });
  const all = ['a', 'b', 'c', 'd'].flatMap((asker) => admitMany(shares, asker, 1));
  for (const asker of ['a', 'e']) expect(admitMany(shares, asker, 3)).toEqual([]);
  expect(all.every((work) => !work.isDropped)).toBe(true);
});

test('a place is free again once, whether its work ended, was dropped or was never admitted', () => {
  const shares = new AskerShares({ totalMax: 2, eachMax: 2 });
  const [one, two] = admitMany(shares, 'a', 2);
  const [taken] = admitMany(shares, 'b', 1);
  expect([one?.isDropped, two?.isDropped]).toEqual([true, false]);
  shares.release('a', one!);
  shares.release('a', new Work());
  expect(shares.total).toBe(2);
  shares.dropAll();
  expect([taken?.isDropped, two?.isDropped, shares.total]).toEqual([true, true, 0]);
});
