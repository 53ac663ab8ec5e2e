import type { ComparisonState } from '../../domain/comparison.ts';
import type { FunctionState } from '../../domain/names.ts';

/** Tables of control.db as Kysely sees them. Times are RFC 3339 UTC; `*_json` columns hold JSON text. */
export interface ControlSchema {
  workspaces: { id: string; created_at: string };
  functions: {
    id: string;
    workspace_id: string;
    name: string;
    url_id: string;
    state: FunctionState;
    /** The newest revision. */
    revision_id: string;
    settings_json: string;
    /** Counts up with every change. */
    change: number;
    created_at: string;
    updated_at: string;
  };
  revisions: {
    id: string;
    function_id: string;
    workspace_id: string;
    number: number;
    code_sha256: string;
    settings_json: string;
    env_json: string;
    isolation: string;
    created_at: string;
  };
  keys: {
    id: string;
    workspace_id: string;
    name: string;
    scopes_json: string;
    secret_sha256: string;
    created_at: string;
    last_used_at: string | null;
    expires_at: string | null;
  };
  sessions: {
    id: string;
    workspace_id: string;
    token_sha256: string;
    scopes_json: string;
    created_at: string;
    expires_at: string;
    key_reference: string | null;
  };
  secrets: {
    id: string;
    workspace_id: string;
    function_id: string;
    key_id: string;
    nonce: Uint8Array;
    ciphertext: Uint8Array;
    created_at: string;
  };
  test_events: { function_id: string; workspace_id: string; name: string; event: string; updated_at: string };
  comparisons: {
    id: string;
    workspace_id: string;
    function_id: string;
    state: ComparisonState;
    created_at: string;
    /** The whole comparison as it was last stored. */
    comparison_json: string;
  };
  settings: { key: string; value: string };
}
