import type { ComparisonState } from '../../domain/comparison.ts';
import type { DeadReason } from '../../domain/dead-reason.ts';
import type { FunctionState, InvocationState, Isolation, Outcome, Trigger } from '../../domain/names.ts';
import type { CatchUp, Overlap, ScheduleOrigin } from '../../domain/schedule.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { ChangeTopic } from '../contract/changes.ts';
import type { RunCause, RunOutcome } from '../contract/schedules-table.ts';

/**
 * Tables of the control database as Kysely sees them. Times are milliseconds since 1970 in 64-bit integers; `*_json` columns
 * hold JSON text.
 */
export interface ControlSchema {
  workspaces: { id: string; created_at_ms: number };
  functions: {
    id: string;
    workspace_id: WorkspaceId;
    name: string;
    url_id: string;
    state: FunctionState;
    /** The newest revision. */
    revision_id: string;
    settings_json: string;
    /** Counts up with every change. */
    change: number;
    created_at_ms: number;
    updated_at_ms: number;
  };
  revisions: {
    id: string;
    function_id: string;
    workspace_id: WorkspaceId;
    number: number;
    code_sha256: string;
    settings_json: string;
    env_json: string;
    isolation: string;
    created_at_ms: number;
  };
  /** One row for each route of a function; the key is unique over all workspaces. */
  routes: { route_key: string; workspace_id: WorkspaceId; function_id: string };
  keys: {
    id: string;
    workspace_id: WorkspaceId;
    name: string;
    scopes_json: string;
    secret_sha256: string;
    created_at_ms: number;
    last_used_at_ms: number | null;
    expires_at_ms: number | null;
  };
  sessions: {
    id: string;
    workspace_id: WorkspaceId;
    token_sha256: string;
    scopes_json: string;
    created_at_ms: number;
    expires_at_ms: number;
    key_reference: string | null;
  };
  secrets: {
    id: string;
    workspace_id: WorkspaceId;
    function_id: string;
    key_id: string;
    nonce: Uint8Array;
    ciphertext: Uint8Array;
    created_at_ms: number;
  };
  test_events: {
    function_id: string;
    workspace_id: WorkspaceId;
    name: string;
    event: string;
    updated_at_ms: number;
  };
  comparisons: {
    id: string;
    workspace_id: WorkspaceId;
    function_id: string;
    state: ComparisonState;
    /** The server that runs it. Null when the row comes from a version that did not say. */
    server_id: string | null;
    created_at_ms: number;
    /** The whole comparison as it was last stored. */
    comparison_json: string;
  };
  servers: {
    id: string;
    instance: string;
    epoch: number;
    state: 'live' | 'dead';
    started_at_ms: number;
    lease_until_ms: number;
    /** The queue's clock as this server last stored it. */
    clock_ms: number;
  };
  /** `due_ms` is set only while a row waits, `owner` only while it runs, `reason` only when it is dead. */
  live_invocations: LiveInvocationsTable;
  /** Events that are too large for their row. */
  invocation_events: { invocation_id: string; workspace_id: WorkspaceId; body: Uint8Array };
  paused_queues: { function_id: string; workspace_id: WorkspaceId; paused_ms: number };
  idempotency_keys: {
    workspace_id: WorkspaceId;
    function_id: string;
    key: string;
    body_sha256: string;
    invocation_id: string;
    /** The server that runs the first call. Null once its reply is known. */
    owner: string | null;
    reply_json: string | null;
    reply_body: Uint8Array | null;
    expires_ms: number;
  };
  schedules: {
    id: string;
    workspace_id: WorkspaceId;
    function_id: string;
    name: string;
    expression: string;
    timezone: string;
    event: string;
    enabled: number;
    jitter_ms: number;
    catch_up: CatchUp;
    catch_up_max: number;
    catch_up_window_ms: number;
    overlap: Overlap;
    start_ms: number | null;
    end_ms: number | null;
    origin: ScheduleOrigin;
    change: number;
    created_ms: number;
    updated_ms: number;
    anchor_ms: number;
    next_ms: number | null;
    last_ms: number | null;
    waiting_ms: number | null;
  };
  schedule_runs: {
    id: string;
    workspace_id: WorkspaceId;
    schedule_id: string;
    cause: RunCause;
    tick_ms: number;
    at_ms: number;
    outcome: RunOutcome;
    invocation_id: string | null;
    missed: number;
  };
  settings: { key: string; value: string };
  /** The table has one row; `n` is the number of the newest change. */
  change_counter: { id: number; n: number };
  changes: { seq: number; topic: ChangeTopic; workspace_id: WorkspaceId; row_id: string };
}

interface LiveInvocationsTable {
  id: string;
  workspace_id: WorkspaceId;
  function_id: string;
  function_name: string;
  queue_key: string;
  trigger_name: Trigger;
  parent_id: string | null;
  root_id: string | null;
  depth: number;
  schedule_id: string | null;
  state: InvocationState;
  due_ms: number | null;
  accepted_ms: number;
  expires_ms: number;
  attempt: number;
  failures: number;
  losses: number;
  owner: string | null;
  /** Counts up with every claim. */
  fence: number;
  began_ms: number | null;
  outcome: Outcome | null;
  reason: DeadReason | null;
  ended_ms: number | null;
  /** When it ended, until telemetry is known to have it. */
  untold_ms: number | null;
  attempts_json: string;
  /** Null when it lies in `invocation_events`. */
  event: Uint8Array | null;
  event_bytes: number;
  min_isolation: Isolation | null;
  trace_id: string | null;
  cancel_asked: number;
}
