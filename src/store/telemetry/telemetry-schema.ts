import type { InvocationState, Isolation, Mode, Outcome, Start, Trigger } from '../../domain/names.ts';

/** Tables of telemetry.db as Kysely sees them. `*_ms` are milliseconds, of a moment since 1970; `*_json` hold JSON. */
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
    started_ms: number;
    finished_ms: number | null;
    duration_ms: number | null;
    event_bytes: number;
    result_bytes: number | null;
    /**
     * Number of the newest stored attempt, which the other columns describe. 0 when the invocation ended without an
     * attempt.
     */
    newest_attempt: number;
  };
  /** Captured bodies. They have a table of their own, so that lists never read them. */
  payloads: { invocation_id: string; workspace_id: string; event: string | null; result: string | null };
  /** One ended attempt with all of its output: a function that prints 1,000 lines costs one insert. */
  attempts: {
    invocation_id: string;
    number: number;
    workspace_id: string;
    function_id: string;
    started_ms: number;
    outcome: Outcome;
    /** What failures are grouped by. Null when the user's code did not fail. */
    error_type: string | null;
    top_frame: string | null;
    /** All fields but the output (see fields/attempt-text.ts). */
    fields_json: string;
    /** The time range of its output. Null when it printed nothing. */
    first_line_ms: number | null;
    last_line_ms: number | null;
    lines_json: string | null;
  };
  /** What the records of each function take, bodies and output included (see retention/). */
  function_volumes: { workspace_id: string; function_id: string; bytes: number };
  /**
   * One row for each function, isolation, start and outcome that was seen; a missing one is empty text. It keeps the
   * rollup rows small.
   */
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
