import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { controlStoreConformance } from '../conformance/control-store-conformance.ts';
import { databaseConformance } from '../conformance/database-conformance.ts';
import { queueConformance } from '../conformance/queue-conformance.ts';
import { schedulesConformance } from '../conformance/schedules-conformance.ts';
import { severalServersConformance } from '../conformance/several-servers-conformance.ts';
import type { StoreRig, ThingsSchema } from '../conformance/store-rig.ts';
import { keptLog, tempDir } from '../testing/temp-dir.ts';
import { openForWriting } from './open-database.ts';
import { openSqliteControlStore } from './open-sqlite-control-store.ts';
import { SqliteDatabase } from './sqlite-database.ts';

databaseConformance('SQLite', sqliteRig);
controlStoreConformance('SQLite', sqliteRig);
severalServersConformance('SQLite', sqliteRig);
queueConformance('SQLite', sqliteRig);
schedulesConformance('SQLite', sqliteRig);

test('the file is in WAL mode with incremental vacuum, so that it can shrink', async () => {
  await using rig = await sqliteRig();
  const store = await rig.openStore();
  const database = new DatabaseSync(join(rig.path, 'control.db'), { readOnly: true });
  expect(Object.values(database.prepare('pragma auto_vacuum').get() ?? {})).toEqual([2]);
  expect(Object.values(database.prepare('pragma journal_mode').get() ?? {})).toEqual(['wal']);
  database.close();
  await store.close();
});

async function sqliteRig(): Promise<StoreRig & { path: string }> {
  const dir = await tempDir();
  return {
    path: dir.path,
    openStore: () => openSqliteControlStore(join(dir.path, 'control.db'), keptLog()),
    async openThings() {
      const open = openForWriting(join(dir.path, 'things.db'), 'FULL');
      open.raw.exec(
        'create table if not exists things (id text primary key, n bigint not null, x double precision not null, bytes blob)',
      );
      return new SqliteDatabase<ThingsSchema>(open);
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
