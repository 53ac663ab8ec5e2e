import type { Usage } from '../../../domain/invocation.ts';
import { MIB } from '../../../domain/limits.ts';
import type { Box, MeterReading } from '../../contract/driver.ts';

/** Figures around one call; the reading at its start is kept in plain fields of the call (hot path). */
export interface MeterStart {
  reading: MeterReading;
  /** The peak began anew with this call. */
  isPeakOwn: boolean;
}

/** Reads the box at dispatch. With another call in flight the peak is left alone: it is theirs too. */
export function startMeter(box: Box, othersInFlight: boolean): MeterStart {
  const isPeakOwn = !othersInFlight && box.resetPeak();
  return { reading: box.meter(), isPeakOwn };
}

/** What the call used; anything that could not be read at either end is null, never 0. */
export function readUsage(box: Box, start: MeterStart, shared: boolean): Usage {
  const end = box.meter();
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

export const UNKNOWN_USAGE: Readonly<Usage> = {
  cpuMs: null,
  maxMemoryMib: null,
  peakScope: null,
  source: null,
  shared: false,
};
