import { failureRate, hasRun, isFailed } from '../../../domain/failure.ts';
import type { Outcome, Start } from '../../../domain/names.ts';
import type { MetricsPoint } from '../../telemetry-store.ts';
import { Histogram } from '../rollups/histogram.ts';

/** One row of rollups, summed over a step, with what its series stands for. */
export interface StepSum {
  outcome: Outcome;
  start: Start | '';
  invocations: number;
  attempts: number;
  cpuMs: number;
  cpuAttempts: number;
  maxMemoryMib: number | null;
}

/** Sums for one point, total or group. */
export class MetricsSum {
  readonly durations = new Histogram();
  #invocations = 0;
  #errors = 0;
  #ran = 0;
  #throttles = 0;
  readonly #starts = { cold: 0, claimed: 0, warm: 0 };
  #cpuMs = 0;
  #cpuAttempts = 0;
  #maxMemoryMib: number | null = null;

  add(sum: StepSum): void {
    this.#invocations += sum.invocations;
    if (isFailed(sum.outcome)) this.#errors += sum.attempts;
    if (hasRun(sum.outcome)) this.#ran += sum.attempts;
    if (sum.outcome === 'throttled') this.#throttles += sum.attempts;
    if (sum.start !== '') this.#starts[sum.start] += sum.attempts;
    this.#cpuMs += sum.cpuMs;
    this.#cpuAttempts += sum.cpuAttempts;
    if (sum.maxMemoryMib !== null) this.#maxMemoryMib = Math.max(this.#maxMemoryMib ?? 0, sum.maxMemoryMib);
  }

  /** `spanMs` is the time the sum covers. */
  figures(spanMs: number): Omit<MetricsPoint, 'at'> {
    return {
      invocations: this.#invocations,
      errors: this.#errors,
      errorRate: failureRate(this.#errors, this.#ran),
      throttles: this.#throttles,
      ...this.#starts,
      p50Ms: this.durations.percentileMs(0.5),
      p95Ms: this.durations.percentileMs(0.95),
      p99Ms: this.durations.percentileMs(0.99),
      cpuMs: this.#cpuAttempts === 0 ? null : Math.round(this.#cpuMs * 1000) / 1000,
      maxMemoryMib: this.#maxMemoryMib,
      averageConcurrency: Number((this.durations.sumMs / spanMs).toPrecision(3)),
    };
  }
}
