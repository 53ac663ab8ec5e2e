import { Counter, type Registry } from 'prom-client';
import { ISOLATIONS, type Isolation, OUTCOMES, type Outcome, STARTS, type Start } from '../domain/names.ts';
import { DurationHistogram } from './duration-histogram.ts';

const NONE = 'none';
const ISOLATION_LABELS = [...ISOLATIONS, NONE] as const;
const START_LABELS = [...STARTS, NONE] as const;
const ISOLATION_INDEX = indexOf(ISOLATION_LABELS);
const START_INDEX = indexOf(START_LABELS);
const OUTCOME_INDEX = indexOf(OUTCOMES);

/** What is counted when an attempt of an invocation ends: the attempt, and the invocation where it ends with it. */
export interface EndedCall {
  /** Of the newest attempt, as `start`. */
  isolation: Isolation | null;
  start: Start | null;
  /** Of the invocation; null, as its duration, while another attempt is to follow. */
  outcome: Outcome | null;
  durationMs: number | null;
  /** The last is the one that ended. Empty when the invocation ended without one. */
  attempts: readonly { outcome: Outcome }[];
}

/**
 * Counters of calls, in flat arrays of numbers made beforehand: counting one allocates nothing and hashes no labels (a
 * labelled counter of prom-client does both). Prometheus gets its labels when it asks.
 */
export class CallMetrics {
  readonly #invocations = new Float64Array(ISOLATION_LABELS.length * START_LABELS.length * OUTCOMES.length);
  readonly #attempts = new Float64Array(ISOLATION_LABELS.length * START_LABELS.length * OUTCOMES.length);
  readonly #refusals = new Float64Array(ISOLATION_LABELS.length * OUTCOMES.length);
  readonly #durations: DurationHistogram;

  constructor(registry: Registry) {
    this.#durations = new DurationHistogram({
      name: 'coldframe_invocation_duration_seconds',
      help: 'How long finished invocations took, from their acceptance to their end, by isolation and start of their last attempt.',
      labels: ISOLATION_LABELS.flatMap((isolation) => START_LABELS.map((start) => ({ isolation, start }))),
    });
    registry.registerMetric(this.#durations.asMetric());
    const invocations = (): Iterable<Sample> => samplesOf(this.#invocations);
    const attempts = (): Iterable<Sample> => samplesOf(this.#attempts);
    const refusals = (): Iterable<Sample> => this.#refusalSamples();
    registerCounter(registry, {
      name: 'coldframe_invocations_total',
      help: 'Finished invocations, each once, by outcome, and by isolation and start of their last attempt.',
      labelNames: ['isolation', 'start', 'outcome'],
      samples: invocations,
    });
    registerCounter(registry, {
      name: 'coldframe_attempts_total',
      help: 'Attempts that ran and ended, by isolation, start and outcome: an invocation that is tried again has several.',
      labelNames: ['isolation', 'start', 'outcome'],
      samples: attempts,
    });
    registerCounter(registry, {
      name: 'coldframe_refused_total',
      help: 'Calls throttled or rejected before they ran: neither invocations nor attempts.',
      labelNames: ['isolation', 'outcome'],
      samples: refusals,
    });
  }

  ended(call: EndedCall): void {
    const isolation = ISOLATION_INDEX.get(call.isolation ?? NONE)!;
    const series = isolation * START_LABELS.length + START_INDEX.get(call.start ?? NONE)!;
    const attempt = call.attempts.at(-1);
    if (attempt !== undefined) this.#attempts[series * OUTCOMES.length + OUTCOME_INDEX.get(attempt.outcome)!]! += 1;
    if (call.outcome !== null) this.#invocations[series * OUTCOMES.length + OUTCOME_INDEX.get(call.outcome)!]! += 1;
    if (call.durationMs !== null) this.#durations.observe(series, call.durationMs / 1000);
  }

  refused(refusal: { isolation: Isolation | null; outcome: Outcome }): void {
    const isolation = ISOLATION_INDEX.get(refusal.isolation ?? NONE)!;
    this.#refusals[isolation * OUTCOMES.length + OUTCOME_INDEX.get(refusal.outcome)!]! += 1;
  }

  *#refusalSamples(): Iterable<Sample> {
    for (const [index, value] of this.#refusals.entries()) {
      const outcome = OUTCOMES[index % OUTCOMES.length]!;
      const isolation = ISOLATION_LABELS[Math.floor(index / OUTCOMES.length)]!;
      if (value > 0) yield { labels: { isolation, outcome }, value };
    }
  }
}

function* samplesOf(counts: Float64Array): Iterable<Sample> {
  for (const [index, value] of counts.entries()) {
    const outcome = OUTCOMES[index % OUTCOMES.length]!;
    const series = Math.floor(index / OUTCOMES.length);
    const start = START_LABELS[series % START_LABELS.length]!;
    const isolation = ISOLATION_LABELS[Math.floor(series / START_LABELS.length)]!;
    if (value > 0) yield { labels: { isolation, start, outcome }, value };
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
