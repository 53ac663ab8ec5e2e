import type { InvocationState, Isolation, Mode, Outcome, Start, Trigger } from '../../domain/names.ts';

/** Tables of telemetry.db as Kysely sees them. `*_at` are RFC 3339 UTC, `at_ms` milliseconds since 1970; `*_json` hold JSON. */
export interface TelemetrySchema {
  invocations: {
    id: string;
    workspace_id: string;
    function_id: string;
    function_name: string;
    mode: Mode;
    trigger: Trigger;
    state: InvocationState;
    outcome: Outcome | null;
    isolation: Isolation | null;
    start: Start | null;
    started_at: string;
    finished_at: string | null;
    duration_ms: number | null;
    event_bytes: number;
    result_bytes: number | null;
    /** All attempts, without their logs (see attempts-text.ts). */
    attempts_json: string;
  };
  /** Captured bodies, apart so that lists never read them. */
  payloads: { invocation_id: string; workspace_id: string; event: string | null; result: string | null };
  /** All output of one attempt in one row: a function that prints 1,000 lines costs one insert. */
  log_blocks: {
    invocation_id: string;
    attempt: number;
    workspace_id: string;
    function_id: string;
    function_name: string;
    first_at: string;
    last_at: string;
    lines_json: string;
  };
  /** One per function, isolation, start and outcome seen; empty text where there was none. Keeps the rollup rows small. */
  series: {
    id: number;
    workspace_id: string;
    function_id: string;
    isolation: Isolation | '';
    start: Start | '';
    outcome: Outcome;
  };
  rollups: {
    resolution_ms: number;
    series_id: number;
    at_ms: number;
    invocations: number;
    attempts: number;
    cpu_ms: number;
    /** Attempts whose CPU time was measured. */
    cpu_attempts: number;
    max_memory_mib: number | null;
  };
  /** Durations of a rollup's attempts by histogram bucket (see histogram.ts). */
  rollup_buckets: { resolution_ms: number; series_id: number; at_ms: number; bucket: number; attempts: number };
}
