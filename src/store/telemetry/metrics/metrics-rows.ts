import { type Kysely, type Selectable, sql } from 'kysely';
import type { Isolation, Start } from '../../../domain/names.ts';
import type { Metrics, MetricsPoint, MetricsQuery } from '../../telemetry-store.ts';
import type { TelemetrySchema } from '../telemetry-schema.ts';
import { MetricsSum } from './metrics-sum.ts';
import { type MetricsWindow, metricsWindow } from './metrics-window.ts';

/** Series summed by one query: keeps each read transaction far below a second however many functions there are. */
const SERIES_PER_READ = 4;

type Series = Selectable<TelemetrySchema['series']>;

/** Charts, aggregated in SQL from the rollups; records are never scanned. */
export class MetricsRows {
  readonly #db: Kysely<TelemetrySchema>;

  constructor(db: Kysely<TelemetrySchema>) {
    this.#db = db;
  }

  async metrics(query: MetricsQuery): Promise<Metrics> {
    const window = metricsWindow(query, Date.now());
    const sums = new WindowSums(window);
    let select = this.#db.selectFrom('series').selectAll().where('workspace_id', '=', query.workspaceId);
    if (query.functionId !== undefined) select = select.where('function_id', '=', query.functionId);
    const series = await select.execute();
    for (let first = 0; first < series.length; first += SERIES_PER_READ) {
      await this.#addSeries(
        sums,
        window,
        new Map(series.slice(first, first + SERIES_PER_READ).map((one) => [one.id, one])),
      );
    }
    return sums.metrics();
  }

  async #addSeries(sums: WindowSums, window: MetricsWindow, series: Map<number, Series>): Promise<void> {
    const step = sql<number>`at_ms / ${sql.lit(window.stepMs)} * ${sql.lit(window.stepMs)}`;
    const rows = await this.#db
      .selectFrom('rollups')
      .select(['series_id', step.as('step_ms')])
      .select((row) => [
        row.fn.sum<number>('invocations').as('invocations'),
        row.fn.sum<number>('attempts').as('attempts'),
        row.fn.sum<number>('cpu_ms').as('cpuMs'),
        row.fn.sum<number>('cpu_attempts').as('cpuAttempts'),
        row.fn.max('max_memory_mib').as('maxMemoryMib'),
      ])
      .where('resolution_ms', '=', window.resolutionMs)
      .where('series_id', 'in', [...series.keys()])
      .where('at_ms', '>=', window.fromMs)
      .where('at_ms', '<', window.toMs)
      .groupBy(['series_id', 'step_ms'])
      .execute();
    for (const row of rows) {
      const one = series.get(row.series_id)!;
      for (const sum of sums.of(row.step_ms, one)) sum.add({ ...row, outcome: one.outcome, start: one.start });
    }
    const buckets = await this.#db
      .selectFrom('rollup_buckets')
      .select(['series_id', step.as('step_ms'), 'bucket'])
      .select((row) => row.fn.sum<number>('attempts').as('attempts'))
      .where('resolution_ms', '=', window.resolutionMs)
      .where('series_id', 'in', [...series.keys()])
      .where('at_ms', '>=', window.fromMs)
      .where('at_ms', '<', window.toMs)
      .groupBy(['series_id', 'step_ms', 'bucket'])
      .execute();
    for (const row of buckets) {
      const one = series.get(row.series_id)!;
      for (const sum of sums.of(row.step_ms, one)) sum.durations.add(row.bucket, row.attempts);
    }
  }
}

/** The sums of a whole answer: each point, the total, each isolation and each start. */
class WindowSums {
  readonly #window: MetricsWindow;
  readonly #points: MetricsSum[] = [];
  readonly #total = new MetricsSum();
  readonly #byIsolation = new Map<Isolation, MetricsSum>();
  readonly #byStart = new Map<Start, MetricsSum>();

  constructor(window: MetricsWindow) {
    this.#window = window;
    for (let at = window.fromMs; at < window.toMs; at += window.stepMs) this.#points.push(new MetricsSum());
  }

  /** Every sum that a row of that step and series belongs to. */
  of(stepMs: number, series: Series): MetricsSum[] {
    const sums = [this.#points[(stepMs - this.#window.fromMs) / this.#window.stepMs]!, this.#total];
    if (series.isolation !== '') sums.push(groupOf(this.#byIsolation, series.isolation));
    if (series.start !== '') sums.push(groupOf(this.#byStart, series.start));
    return sums;
  }

  metrics(): Metrics {
    const { fromMs, toMs, stepMs } = this.#window;
    const points: MetricsPoint[] = this.#points.map((sum, index) => ({
      at: new Date(fromMs + index * stepMs).toISOString(),
      ...sum.figures(stepMs),
    }));
    return {
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      stepMs,
      points,
      totals: this.#total.figures(toMs - fromMs),
      byIsolation: figuresOf(this.#byIsolation, toMs - fromMs),
      byStart: figuresOf(this.#byStart, toMs - fromMs),
    };
  }
}

function groupOf<Key>(groups: Map<Key, MetricsSum>, key: Key): MetricsSum {
  let sum = groups.get(key);
  if (sum === undefined) {
    sum = new MetricsSum();
    groups.set(key, sum);
  }
  return sum;
}

function figuresOf<Key extends string>(
  groups: Map<Key, MetricsSum>,
  spanMs: number,
): Partial<Record<Key, Omit<MetricsPoint, 'at'>>> {
  const figures: Partial<Record<Key, Omit<MetricsPoint, 'at'>>> = {};
  for (const [key, sum] of groups) figures[key] = sum.figures(spanMs);
  return figures;
}
