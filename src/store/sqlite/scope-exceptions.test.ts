import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTROL_MIGRATIONS } from '../control/control-migrations.ts';
import type { ControlSchema } from '../control/control-schema.ts';
import { controlStatement } from '../control/control-statements.ts';
import { SCOPE_EXCEPTIONS } from '../control/scope-exceptions.ts';
import { OWNED_TABLES, reachesBeyondWorkspace } from '../control/vet-scope.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { migrate } from './migrate.ts';
import { openForWriting } from './open-database.ts';
import { SqliteDatabase } from './sqlite-database.ts';

test('the listed statements are all that reach beyond a workspace, and each is still asked', async () => {
  await using dir = await tempDir();
  const open = openForWriting(join(dir.path, 'control.db'), 'NORMAL');
  await migrate(open, CONTROL_MIGRATIONS);
  const asked = new Set<string>();
  const database = new SqliteDatabase<ControlSchema>(open, { vet: (sql) => void asked.add(sql) });
  const ask = (method: string, ...args: unknown[]) =>
    database.transaction((tx) => controlStatement(method).run(tx, args));
  const at = '2026-01-01T00:00:00.000Z';
  await ask('across.functions');
  await ask('across.keys');
  await ask('across.sessions');
  await ask('across.pruneSessions', at);
  await ask('across.interruptComparisons', { id: 'a', instance: 'a', epoch: 1 }, at);
  await ask('servers.register', { id: 'a', instance: 'a' }, 1);
  await ask('settings.get', 'a');
  await ask('changes.since', 0);
  await ask('across.pausedQueues');
  await ask('across.schedules');
  await ask('queue.takeOver', 'gone', 1);
  await ask('queue.expire', 1);
  await ask('queue.waiting');
  await ask('queue.counts');
  await ask('queue.owners');
  await ask('queue.cancelAsked', 'a');
  await ask('queue.ended', 1, 1);
  await ask('queue.pruneDead', 1);
  open.raw.close();
  const beyond = [...asked].filter(reachesBeyondWorkspace).sort();
  expect(beyond).toEqual(SCOPE_EXCEPTIONS.map(({ sql }) => sql).sort());
  for (const { reason } of SCOPE_EXCEPTIONS) expect(reason).not.toBe('');
});

test('every table with a workspace is an owned one, but the feed, which the whole server reads', async () => {
  await using dir = await tempDir();
  const open = openForWriting(join(dir.path, 'control.db'), 'NORMAL');
  await migrate(open, CONTROL_MIGRATIONS);
  const withWorkspace = open.raw
    .prepare(
      `select m.name from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' and c.name = 'workspace_id'`,
    )
    .all()
    .map(({ name }) => name as string);
  open.raw.close();
  expect(withWorkspace.sort()).toEqual([...OWNED_TABLES, 'changes'].sort());
});
