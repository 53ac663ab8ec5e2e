import type { ComparedStart } from '../domain/comparison.ts';
import type { Start } from '../domain/names.ts';

/** One call that went well. */
export interface Sample {
  ms: number;
  cpuMs: number | null;
  maxMemoryMib: number | null;
}

/** The calls of one kind of start, as they come. */
export class Samples {
  readonly start: Start;
  readonly #samples: Sample[] = [];
  failed = 0;

  constructor(start: Start) {
    this.start = start;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
  }

  summary(): ComparedStart {
    const { start, failed } = this;
    const ms = sorted(this.#samples.map((one) => one.ms));
    const cpuMs = sorted(this.#samples.map((one) => one.cpuMs));
    const peaks = sorted(this.#samples.map((one) => one.maxMemoryMib));
    return {
      start,
      failed,
      calls: ms.length + failed,
      p50Ms: percentile(ms, 0.5),
      p95Ms: percentile(ms, 0.95),
      p99Ms: percentile(ms, 0.99),
      cpuMs: percentile(cpuMs, 0.5),
      maxMemoryMib: percentile(peaks, 1),
    };
  }
}

/**
 * The smallest value that at least the share `quantile` of all values does not exceed, to the hundredth. Null when
 * there are no values.
 */
export function percentile(ascending: readonly number[], quantile: number): number | null {
  const value = ascending[Math.max(1, Math.ceil(quantile * ascending.length)) - 1];
  return value === undefined ? null : Math.round(value * 100) / 100;
}

function sorted(values: (number | null)[]): number[] {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}
