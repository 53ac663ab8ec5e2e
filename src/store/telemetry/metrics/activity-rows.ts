import { type Kysely, type RawBuilder, sql } from 'kysely';
import { FAILED_OUTCOMES, failureRate } from '../../../domain/failure.ts';
import type { FunctionActivity, FunctionsActivity, FunctionsActivityQuery } from '../../telemetry-store.ts';
import { Histogram } from '../rollups/histogram.ts';
import type { TelemetrySchema } from '../telemetry-schema.ts';
import { type MetricsWindow, metricsWindow } from './metrics-window.ts';

/** Functions summed by one query. The bound keeps each read transaction far below a second. */
const FUNCTIONS_PER_READ = 100;
/** Functions in one answer. A workspace may not have more. */
const FUNCTIONS_MAX = 5_000;

/** What each function of a workspace did lately, for lists of functions: aggregated in SQL from the rollups. */
export class ActivityRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  /** Of every function that was ever called; those without a call in the window have zeros and their last outcome. */
  async activity(query: FunctionsActivityQuery): Promise<FunctionsActivity> {
    const window = metricsWindow(query, Date.now());
    const ids = await this.#functionIds(query.workspaceId);
    const items: FunctionActivity[] = [];
    for (let first = 0; first < ids.length; first += FUNCTIONS_PER_READ) {
      const sums = new Map(ids.slice(first, first + FUNCTIONS_PER_READ).map((id) => [id, new ActivitySum(window)]));
      await this.#addSteps(sums, window);
      await this.#addDurations(sums, window);
      await this.#addLast(sums);
      for (const [id, sum] of sums) items.push(sum.figures(id));
    }
    const { fromMs, toMs, stepMs } = window;
    return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), stepMs, items };
  }

  async #functionIds(workspaceId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('series')
      .select('function_id')
      .distinct()
      .where('workspace_id', '=', workspaceId)
      .orderBy('function_id', 'desc')
      .limit(FUNCTIONS_MAX)
      .execute();
    return rows.map((row) => row.function_id);
  }

  async #addSteps(sums: Map<string, ActivitySum>, window: MetricsWindow): Promise<void> {
    const step = stepOf(window);
    const rows = await this.#rollups(sums, window)
      .select(['series.function_id', step.as('step_ms')])
      .select((row) => [
        row.fn.sum<number>('rollups.invocations').as('invocations'),
        row.fn.sum<number>('rollups.attempts').as('attempts'),
        countOf([...FAILED_OUTCOMES]).as('errors'),
        countOf(['throttled']).as('throttles'),
        countOf(['rejected']).as('rejects'),
      ])
      .groupBy(['series.function_id', 'step_ms'])
      .execute();
    for (const row of rows) sums.get(row.function_id)?.addStep(row);
  }

  async #addDurations(sums: Map<string, ActivitySum>, window: MetricsWindow): Promise<void> {
    const rows = await this.#db
      .selectFrom('series')
      .innerJoin('rollup_buckets', 'rollup_buckets.series_id', 'series.id')
      .where('series.function_id', 'in', [...sums.keys()])
      .where('rollup_buckets.resolution_ms', '=', window.resolutionMs)
      .where('rollup_buckets.at_ms', '>=', window.fromMs)
      .where('rollup_buckets.at_ms', '<', window.toMs)
      .select(['series.function_id', 'rollup_buckets.bucket'])
      .select((row) => row.fn.sum<number>('rollup_buckets.attempts').as('attempts'))
      .groupBy(['series.function_id', 'rollup_buckets.bucket'])
      .execute();
    for (const row of rows) sums.get(row.function_id)?.durations.add(row.bucket, row.attempts);
  }

  /** One look at the end of the index for each function. Grouping would read every row of the function. */
  async #addLast(sums: Map<string, ActivitySum>): Promise<void> {
    for (const [id, sum] of sums) {
      const row = await this.#db
        .selectFrom('invocations')
        .select(['outcome', 'started_ms'])
        .where('function_id', '=', id)
        .where('trigger', '!=', 'try')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row !== undefined) sum.last = { outcome: row.outcome, at: new Date(row.started_ms).toISOString() };
    }
  }

  #rollups(sums: Map<string, ActivitySum>, window: MetricsWindow) {
    return this.#db
      .selectFrom('series')
      .innerJoin('rollups', 'rollups.series_id', 'series.id')
      .where('series.function_id', 'in', [...sums.keys()])
      .where('rollups.resolution_ms', '=', window.resolutionMs)
      .where('rollups.at_ms', '>=', window.fromMs)
      .where('rollups.at_ms', '<', window.toMs);
  }
}

function stepOf({ stepMs }: MetricsWindow): RawBuilder<number> {
  return sql<number>`rollups.at_ms / ${sql.lit(stepMs)} * ${sql.lit(stepMs)}`;
}

function countOf(outcomes: string[]): RawBuilder<number> {
  return sql<number>`sum(case when series.outcome in (${sql.join(outcomes)}) then rollups.attempts else 0 end)`;
}

interface StepRow {
  step_ms: number;
  invocations: number;
  attempts: number;
  errors: number;
  throttles: number;
  rejects: number;
}

class ActivitySum {
  readonly durations = new Histogram();
  last: { outcome: FunctionActivity['lastOutcome']; at: string } | null = null;
  readonly #window: MetricsWindow;
  readonly #sparkline: number[];
  #invocations = 0;
  #ran = 0;
  #errors = 0;
  #throttles = 0;

  constructor(window: MetricsWindow) {
    this.#window = window;
    this.#sparkline = new Array(Math.round((window.toMs - window.fromMs) / window.stepMs)).fill(0);
  }

  addStep(row: StepRow): void {
    this.#sparkline[(row.step_ms - this.#window.fromMs) / this.#window.stepMs]! += row.invocations;
    this.#invocations += row.invocations;
    this.#ran += row.attempts - row.throttles - row.rejects;
    this.#errors += row.errors;
    this.#throttles += row.throttles;
  }

  figures(functionId: string): FunctionActivity {
    return {
      functionId,
      invocations: this.#invocations,
      errors: this.#errors,
      throttles: this.#throttles,
      errorRate: failureRate(this.#errors, this.#ran),
      p95Ms: this.durations.percentileMs(0.95),
      lastOutcome: this.last?.outcome ?? null,
      lastAt: this.last?.at ?? null,
      sparkline: this.#sparkline,
    };
  }
}
