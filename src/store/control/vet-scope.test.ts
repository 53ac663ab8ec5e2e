import { expect, test } from 'vitest';
import { SCOPE_EXCEPTIONS } from './scope-exceptions.ts';
import { vetScope } from './vet-scope.ts';

test.each([
  'select * from "functions" where "id" = ?',
  'select * from functions where id = ?',
  'update "revisions" set "number" = ? where "id" = ?',
  'delete from "secrets" where "function_id" = ?',
  'insert into "keys" ("id", "name") values (?, ?)',
  'select * from "functions" where "workspace_id" is not null',
  'select * from "functions" where "workspace_id" <> ?',
  'select * from "functions" where ("workspace_id" = ? or "name" = ?)',
  'select * from "servers", "keys" where "servers"."id" = ?',
  'select "id" from "comparisons" where "workspace_id" = ? and "function_id" in (select "id" from "functions" where "name" = ?)',
  'select * from "functions" inner join "revisions" on "revisions"."id" = "functions"."revision_id" where "functions"."workspace_id" = ?',
  'update "sessions" set "workspace_id" = ? where "workspace_id" = ? and "id" = ?',
  `delete from "test_events" where "name" = 'and workspace_id = ?'`,
  'with x as (select * from "routes") select * from x',
])('refused: %s', (sql) => {
  expect(() => vetScope(sql)).toThrow('reaches beyond one workspace');
});

test.each([
  'select * from "functions" where "workspace_id" = ? and "id" = ?',
  'select * from "functions" where "workspace_id" = $1 and "id" = $2',
  'insert into "keys" ("id", "workspace_id") values (?, ?)',
  'insert into "test_events" ("workspace_id", "name") values (?, ?) on conflict ("workspace_id", "name") do update set "event" = ?',
  'delete from "comparisons" where "workspace_id" = ? and "id" not in (select "id" from "comparisons" where "workspace_id" = ? limit ?)',
  'select * from "functions" inner join "revisions" on "revisions"."workspace_id" = "functions"."workspace_id" where "functions"."workspace_id" = ?',
  'select * from "settings" where "key" = ?',
  'select "keys_of" from "servers"',
  ...SCOPE_EXCEPTIONS.map(({ sql }) => sql),
  'delete from "sessions" where "expires_at_ms" <= $1',
])('let through: %s', (sql) => {
  expect(() => vetScope(sql)).not.toThrow();
});
