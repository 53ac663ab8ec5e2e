import type { Box, MeterReading } from '../../../contract/driver.ts';
import type { Usage } from '../../../domain/invocation.ts';
import { MIB } from '../../../domain/limits.ts';

/** Figures at the start of one call. */
export interface MeterStart {
  reading: MeterReading;
  /** The peak began anew with this call. */
  isPeakOwn: boolean;
}

/**
 * A reading this young stands for a new one where it cannot change what is told: at the start of a call, when the sandbox
 * has been idle since the end of the last (what its background threads used in between is below a meter's noise), and while
 * several calls share the sandbox, whose figures are the sandbox's anyway. Each reading saved is two system calls.
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

  /** At dispatch. With another call in flight the peak is left alone: it is theirs too. */
  start(othersInFlight: boolean): MeterStart {
    const isPeakOwn = !othersInFlight && this.#box.resetPeak();
    return { reading: this.#recent(), isPeakOwn };
  }

  /** What the call used; anything that could not be read at either end is null, never 0. */
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
