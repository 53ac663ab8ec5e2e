/** The steps a brush covers, first and last included. */
export interface StepRange {
  first: number;
  last: number;
}

/** The step under a place, given as a share of the plot's width. */
export function stepAt(share: number, steps: number): number {
  return Math.min(steps - 1, Math.max(0, Math.floor(share * steps)));
}

/** In either direction. */
export function rangeBetween(a: number, b: number): StepRange {
  return { first: Math.min(a, b), last: Math.max(a, b) };
}

/** Milliseconds since 1970; the end is the end of the last step. */
export function timesOf({ first, last }: StepRange, fromMs: number, stepMs: number): { fromMs: number; toMs: number } {
  return { fromMs: fromMs + first * stepMs, toMs: fromMs + (last + 1) * stepMs };
}
