import { Counter, type Registry } from 'prom-client';
import { ISOLATIONS, type Isolation, OUTCOMES, type Outcome, STARTS, type Start } from '../domain/names.ts';
import { DurationHistogram } from './duration-histogram.ts';

const NONE = 'none';
const ISOLATION_LABELS = [...ISOLATIONS, NONE] as const;
const START_LABELS = [...STARTS, NONE] as const;
const ISOLATION_INDEX = indexOf(ISOLATION_LABELS);
const START_INDEX = indexOf(START_LABELS);
const OUTCOME_INDEX = indexOf(OUTCOMES);

/** What is counted of one ended call. */
export interface EndedCall {
  isolation: Isolation | null;
  start: Start | null;
  outcome: Outcome | null;
  durationMs: number | null;
}

/**
 * Counters of calls, in flat arrays of numbers made beforehand: counting one allocates nothing and hashes no labels (a
 * labelled counter of prom-client does both). Prometheus gets its labels when it asks.
 */
export class CallMetrics {
  readonly #calls = new Float64Array(ISOLATION_LABELS.length * START_LABELS.length * OUTCOMES.length);
  readonly #refusals = new Float64Array(ISOLATION_LABELS.length * OUTCOMES.length);
  readonly #durations: DurationHistogram;

  constructor(registry: Registry) {
    this.#durations = new DurationHistogram({
      name: 'coldframe_invocation_duration_seconds',
      help: 'From admission to the reply, by isolation and start.',
      labels: ISOLATION_LABELS.flatMap((isolation) => START_LABELS.map((start) => ({ isolation, start }))),
    });
    registry.registerMetric(this.#durations.asMetric());
    const calls = (): Iterable<Sample> => this.#callSamples();
    const refusals = (): Iterable<Sample> => this.#refusalSamples();
    registerCounter(registry, {
      name: 'coldframe_invocations_total',
      help: 'Ended invocations.',
      labelNames: ['isolation', 'start', 'outcome'],
      samples: calls,
    });
    registerCounter(registry, {
      name: 'coldframe_refused_total',
      help: 'Calls throttled or rejected before they ran.',
      labelNames: ['isolation', 'outcome'],
      samples: refusals,
    });
  }

  ended(call: EndedCall): void {
    const isolation = ISOLATION_INDEX.get(call.isolation ?? NONE)!;
    const series = isolation * START_LABELS.length + START_INDEX.get(call.start ?? NONE)!;
    if (call.outcome !== null) this.#calls[series * OUTCOMES.length + OUTCOME_INDEX.get(call.outcome)!]! += 1;
    if (call.durationMs !== null) this.#durations.observe(series, call.durationMs / 1000);
  }

  refused(refusal: { isolation: Isolation | null; outcome: Outcome }): void {
    const isolation = ISOLATION_INDEX.get(refusal.isolation ?? NONE)!;
    this.#refusals[isolation * OUTCOMES.length + OUTCOME_INDEX.get(refusal.outcome)!]! += 1;
  }

  *#callSamples(): Iterable<Sample> {
    for (const [index, value] of this.#calls.entries()) {
      const outcome = OUTCOMES[index % OUTCOMES.length]!;
      const series = Math.floor(index / OUTCOMES.length);
      const start = START_LABELS[series % START_LABELS.length]!;
      const isolation = ISOLATION_LABELS[Math.floor(series / START_LABELS.length)]!;
      if (value > 0) yield { labels: { isolation, start, outcome }, value };
    }
  }

  *#refusalSamples(): Iterable<Sample> {
    for (const [index, value] of this.#refusals.entries()) {
      const outcome = OUTCOMES[index % OUTCOMES.length]!;
      const isolation = ISOLATION_LABELS[Math.floor(index / OUTCOMES.length)]!;
      if (value > 0) yield { labels: { isolation, outcome }, value };
    }
  }
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

interface CounterOptions {
  name: string;
  help: string;
  labelNames: string[];
  samples: () => Iterable<Sample>;
}

function registerCounter(registry: Registry, options: CounterOptions): void {
  const { name, help, labelNames, samples } = options;
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of samples()) this.inc(labels, value);
    },
  });
}

function indexOf(labels: readonly string[]): Map<string, number> {
  return new Map(labels.map((label, index) => [label, index]));
}
