import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../contract/engine.ts';
import type { StoreRig, ThingsSchema } from './store-rig.ts';

/** What every engine's connection promises, whatever tables are on it. */
export function databaseConformance(engine: string, openRig: () => Promise<StoreRig>): void {
  describe(`a connection to ${engine}`, () => {
    let rig: StoreRig;
    let one: Database<ThingsSchema>;
    let two: Database<ThingsSchema>;
    beforeEach(async () => {
      rig = await openRig();
      one = await rig.openThings();
      two = await rig.openThings();
    });
    afterEach(async () => {
      await one.close();
      await two.close();
      await rig[Symbol.asyncDispose]();
    });

    const thing = (id: string, n = 0) => ({ id, n, x: 0.5, bytes: null });
    const insert = (...things: ThingsSchema['things'][]) =>
      one.transaction(({ db }) => db.insertInto('things').values(things).execute());
    const ids = (database = one) =>
      database.read(async ({ db }) => {
        const rows = await db.selectFrom('things').select('id').orderBy('id').execute();
        return rows.map(({ id }) => id);
      });

    test('a transaction that throws leaves nothing of itself, also after a statement failed in it', async () => {
      const failing = one.transaction(async ({ db, isUniqueViolation }) => {
        await db.insertInto('things').values(thing('a')).execute();
        const again = db.insertInto('things').values(thing('a')).execute();
        expect(isUniqueViolation(await again.catch((error: unknown) => error))).toBe(true);
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await ids()).toEqual([]);
    });

    test('a missing value is no unique violation', async () => {
      const failing = one.transaction(async ({ db, isUniqueViolation }) => {
        const row = { ...thing('a'), n: null as unknown as number };
        const error = await db
          .insertInto('things')
          .values(row)
          .execute()
          .then(
            () => null,
            (reason: unknown) => reason,
          );
        throw new Error(`${error !== null} ${isUniqueViolation(error)}`);
      });
      await expect(failing).rejects.toThrow('true false');
    });

    test('transactions of one connection run one after another in the order asked, however long each takes', async () => {
      const order: string[] = [];
      const begin = (name: string) =>
        one.transaction(async ({ db }) => {
          order.push(`${name} begins`);
          await new Promise((resolve) => setImmediate(resolve));
          await db.insertInto('things').values(thing(name)).execute();
          order.push(`${name} ends`);
        });
      await Promise.all([begin('a'), begin('b')]);
      expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    });

    test('a transaction may write what it read: another connection that wrote meanwhile came before it or comes after', async () => {
      await insert(thing('sum'));
      const addOne = (database: Database<ThingsSchema>) =>
        database.transaction(async ({ db }) => {
          const { n } = await db.selectFrom('things').select('n').where('id', '=', 'sum').executeTakeFirstOrThrow();
          await db
            .updateTable('things')
            .set({ n: n + 1 })
            .where('id', '=', 'sum')
            .execute();
        });
      for (let round = 0; round < 25; round++) {
        await addOne(one);
        await addOne(two);
      }
      expect(await one.read(({ db }) => db.selectFrom('things').select('n').execute())).toEqual([{ n: 50 }]);
    });

    test('a reader sees one state from its first question to its last, whatever is committed meanwhile', async () => {
      await insert(thing('a'));
      const seen = await two.read(async ({ db }) => {
        const count = async () => (await db.selectFrom('things').select('id').execute()).length;
        const before = await count();
        await insert(thing('b'));
        return [before, await count()];
      });
      expect(seen).toEqual([1, 1]);
      expect(await ids(two)).toEqual(['a', 'b']);
    });

    test('times of today, measures, bytes and any text read back as they were written', async () => {
      const row = { id: 'é"\'\u{1f600}', n: 1_796_000_000_123, x: 12.345678901234567, bytes: new Uint8Array([0, 255]) };
      await insert(row);
      const [read] = await two.read(({ db }) => db.selectFrom('things').selectAll().execute());
      expect({ ...read, bytes: [...(read?.bytes ?? [])] }).toEqual({ ...row, bytes: [0, 255] });
    });

    test('counts and sums come as numbers, and a change says how many rows it touched', async () => {
      await insert(thing('a', 1), thing('b', 2));
      const sums = await one.read(({ db }) =>
        db
          .selectFrom('things')
          .select((row) => [row.fn.countAll<number>().as('count'), row.fn.sum<number>('n').as('sum')])
          .executeTakeFirstOrThrow(),
      );
      expect(sums).toEqual({ count: 2, sum: 3 });
      const { numDeletedRows } = await one.transaction(({ db }) => db.deleteFrom('things').executeTakeFirstOrThrow());
      expect(numDeletedRows).toBe(2n);
    });

    test('text is in the order of its bytes, since cursors compare it', async () => {
      await insert(...['b', 'B', 'a', 'é', '_'].map((id) => thing(id)));
      expect(await ids()).toEqual(['B', '_', 'a', 'b', 'é']);
    });
  });
}
