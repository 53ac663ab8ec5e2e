import type { Box, MeterReading } from '../../../contract/driver.ts';
import type { Usage } from '../../../domain/invocation.ts';
import { MIB } from '../../../domain/limits.ts';

/** Figures at the start of one call. */
export interface MeterStart {
  reading: MeterReading;
  /** True when a new peak began with this call. */
  isPeakOwn: boolean;
}

/**
 * A reading that is this young may stand for a new one where that changes no figure. One case is the start of a call
 * when the sandbox has been idle since the last call's end: what its background threads used in between is below a
 * meter's noise. The other is a sandbox shared by several calls, whose figures are the sandbox's anyway. Each reading
 * saved is two system calls.
 */
const FRESH_MS = 10;

/** Reads a box around its calls. */
export class UsageMeter {
  readonly #box: Box;
  #last: MeterReading | null = null;
  #lastAtMs = 0;

  constructor(box: Box) {
    this.#box = box;
  }

  /** Taken at dispatch. When another call is in flight the peak is left alone, because it belongs to that call too. */
  start(othersInFlight: boolean): MeterStart {
    const isPeakOwn = !othersInFlight && this.#box.resetPeak();
    return { reading: this.#recent(), isPeakOwn };
  }

  /** What the call used. A figure that could not be read at either end is null, never 0. */
  usage(start: MeterStart, shared: boolean): Usage {
    const end = shared ? this.#recent() : this.#read();
    const cpuStartUs = start.reading.cpuUs;
    const isCpuKnown = end.cpuUs !== null && cpuStartUs !== null && end.source === start.reading.source;
    const cpuUs = isCpuKnown ? Math.max(0, end.cpuUs! - cpuStartUs!) : null;
    const isPeakKnown = end.peakBytes !== null;
    return {
      cpuMs: cpuUs === null ? null : cpuUs / 1000,
      maxMemoryMib: isPeakKnown ? Math.round((end.peakBytes! / MIB) * 10) / 10 : null,
      peakScope: isPeakKnown ? (start.isPeakOwn && !shared ? 'attempt' : 'sandbox') : null,
      source: cpuUs === null && !isPeakKnown ? null : end.source,
      shared,
    };
  }

  #recent(): MeterReading {
    if (this.#last !== null && performance.now() - this.#lastAtMs < FRESH_MS) return this.#last;
    return this.#read();
  }

  #read(): MeterReading {
    this.#last = this.#box.meter();
    this.#lastAtMs = performance.now();
    return this.#last;
  }
}
