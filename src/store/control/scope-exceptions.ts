/**
 * The statements that may reach beyond one workspace, word for word, each with its reason. A test shows that these are all
 * there are, and that each is still asked.
 */
export const SCOPE_EXCEPTIONS: readonly { sql: string; reason: string }[] = [
  {
    sql: 'select * from "functions" order by "id"',
    reason: 'the memory view of every workspace is filled at start',
  },
  {
    sql: 'select "revisions".* from "functions" inner join "revisions" on "revisions"."workspace_id" = "functions"."workspace_id" and "revisions"."id" = "functions"."revision_id"',
    reason: 'the newest revisions of that view',
  },
  {
    sql: 'select * from "keys" order by "id"',
    reason: 'a key is looked up in memory by its secret, which is what tells the workspace',
  },
  {
    sql: 'select * from "sessions" order by "id"',
    reason: 'a session is looked up in memory by its token, which is what tells the workspace',
  },
  {
    sql: 'delete from "sessions" where "expires_at_ms" <= ?',
    reason: 'sessions expire by the clock alone',
  },
  {
    sql: 'select "workspace_id", "comparison_json" from "comparisons" where "state" = ? and ("server_id" is null or "server_id" in (select "id" from "servers" where "instance" = ? and "epoch" < ?))',
    reason: 'what an earlier life of a server left running is of any workspace; each is then changed within its own',
  },
];
