import type { ComparisonState } from '../../domain/comparison.ts';
import type { FunctionState } from '../../domain/names.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { ChangeTopic } from '../contract/changes.ts';

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
  servers: { id: string; instance: string; epoch: number; state: 'live' | 'dead'; started_at_ms: number };
  settings: { key: string; value: string };
  /** The table has one row; `n` is the number of the newest change. */
  change_counter: { id: number; n: number };
  changes: { seq: number; topic: ChangeTopic; workspace_id: WorkspaceId; row_id: string };
}
