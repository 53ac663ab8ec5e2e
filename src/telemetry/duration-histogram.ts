import type { Metric, MetricObjectWithValues, MetricValueWithName } from 'prom-client';

/** Upper bounds in seconds: from a warm call's fraction of a millisecond to the longest timeout. */
const BOUNDS_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900];

export interface DurationHistogramOptions {
  name: string;
  help: string;
  /** One series each; `observe` names them by their index. */
  labels: Record<string, string>[];
}

/** A Prometheus histogram over flat arrays, for the invocation path: observing neither allocates nor hashes. */
export class DurationHistogram {
  readonly #options: DurationHistogramOptions;
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;

  constructor(options: DurationHistogramOptions) {
    this.#options = options;
    this.#counts = new Float64Array(options.labels.length * (BOUNDS_SECONDS.length + 1));
    this.#sums = new Float64Array(options.labels.length);
  }

  observe(series: number, seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS_SECONDS.length && seconds > BOUNDS_SECONDS[bucket]!) bucket++;
    this.#counts[series * (BOUNDS_SECONDS.length + 1) + bucket]! += 1;
    this.#sums[series]! += seconds;
  }

  /** What a prom-client registry asks of a metric: its name and `get`. */
  asMetric(): Metric {
    const get = async (): Promise<MetricObjectWithValues<MetricValueWithName<string>>> => this.#object();
    return { name: this.#options.name, get, reset() {} } as unknown as Metric;
  }

  #object(): MetricObjectWithValues<MetricValueWithName<string>> {
    const { name, help, labels } = this.#options;
    const values: MetricValueWithName<string>[] = [];
    for (const [series, seriesLabels] of labels.entries()) values.push(...this.#values(series, seriesLabels));
    // prom-client types the kind as a numeric enum but writes what it is given.
    return {
      name,
      help,
      type: 'histogram' as unknown as MetricObjectWithValues<never>['type'],
      aggregator: 'sum',
      values,
      collect: () => undefined,
    };
  }

  *#values(series: number, labels: Record<string, string>): Iterable<MetricValueWithName<string>> {
    const { name } = this.#options;
    const first = series * (BOUNDS_SECONDS.length + 1);
    let total = 0;
    for (let bucket = 0; bucket <= BOUNDS_SECONDS.length; bucket++) total += this.#counts[first + bucket]!;
    if (total === 0) return;
    let seen = 0;
    for (const [bucket, bound] of BOUNDS_SECONDS.entries()) {
      seen += this.#counts[first + bucket]!;
      yield { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: seen };
    }
    yield { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: total };
    yield { metricName: `${name}_sum`, labels, value: this.#sums[series]! };
    yield { metricName: `${name}_count`, labels, value: total };
  }
}
