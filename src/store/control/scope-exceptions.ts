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
  {
    sql: 'select * from "schedules" order by "id"',
    reason: 'a server holds in memory when each schedule ticks next',
  },
  {
    sql: 'select * from "paused_queues"',
    reason: 'a server holds in memory which queues are paused',
  },
  {
    sql: 'select "id", "workspace_id", "function_id", "function_name", "queue_key", "trigger_name", "parent_id", "schedule_id", "state", "due_ms", "accepted_ms", "expires_ms", "attempt", "failures", "losses", "began_ms", "outcome", "reason", "ended_ms", "attempts_json", "event_bytes", "cancel_asked" from "live_invocations" where "untold_ms" <= ? order by "untold_ms", "id" limit ?',
    reason: 'what telemetry has yet to be told of is of any workspace',
  },
  {
    sql: 'select "id", "workspace_id", "function_id", "queue_key", "event_bytes", "state", "attempt", "losses", "began_ms", "attempts_json", "cancel_asked" from "live_invocations" where "owner" = ? order by "id" limit ?',
    reason: 'what a lost server ran is of any workspace; each row is then changed within its own',
  },
  {
    sql: 'select "owner" from "live_invocations" where "owner" > ? order by "owner" limit ?',
    reason: 'which servers run anything',
  },
  {
    sql: 'select "workspace_id", "function_id", "queue_key", "due_ms", "accepted_ms" from "live_invocations" where "due_ms" is not null and (workspace_id, queue_key) > (?, ?) order by "workspace_id", "queue_key", "due_ms" limit ?',
    reason: 'a server serves the queues of all workspaces; it claims from each within its own',
  },
  {
    sql: 'select "workspace_id", "id" from "live_invocations" where "owner" = ? and "cancel_asked" = ? limit ?',
    reason: 'a server is told which of its own runs to cancel',
  },
  {
    sql: 'select "workspace_id", "queue_key", count(*) as "rows", sum("event_bytes") as "bytes" from "live_invocations" where "due_ms" is not null group by "workspace_id", "queue_key"',
    reason: 'the sizes of all queues, for their bounds',
  },
  {
    sql: 'select "workspace_id", "queue_key", count(*) as "rows", sum("event_bytes") as "bytes" from "live_invocations" where "owner" is not null group by "workspace_id", "queue_key"',
    reason: 'the same of what runs',
  },
  {
    sql: 'select "workspace_id", "queue_key", count(*) as "rows", sum("event_bytes") as "bytes" from "live_invocations" where "reason" is not null group by "workspace_id", "queue_key"',
    reason: 'the same of dead letters',
  },
  {
    sql: 'with "old" as materialized (select "id" from "live_invocations" where "due_ms" is not null and "expires_ms" <= ? order by "expires_ms" limit ?) update "live_invocations" set "state" = ?, "reason" = ?, "due_ms" = ?, "ended_ms" = ?, "untold_ms" = ? where "id" in (select "old"."id" from "old") and "due_ms" is not null returning "id", "workspace_id", "function_id", "queue_key", "event_bytes", "state"',
    reason: 'events grow too old by the clock alone',
  },
  {
    sql: 'with "old" as materialized (select "id" from "live_invocations" where "reason" is not null and "ended_ms" <= ? limit ?) delete from "live_invocations" where "id" in (select "old"."id" from "old") and "state" = ? and "untold_ms" is null returning "id", "workspace_id", "event"',
    reason: 'dead letters are kept for a time, whosever they are',
  },
];
