import type { RecordOf } from './fields.ts';
import type { INVOCATION_FIELDS } from './invocation-fields.ts';

/** One call with its attempts, as recorded and as the API shows it; `invocation-fields.ts` says what each field means. */
export interface InvocationRecord extends RecordOf<typeof INVOCATION_FIELDS> {}
/** One run of an invocation; `attempt-fields.ts` says what each field means. */
export type AttemptRecord = InvocationRecord['attempts'][number];
export type Phases = AttemptRecord['phases'];
export type Usage = AttemptRecord['usage'];
export type Receipt = NonNullable<AttemptRecord['receipt']>;
export type EnforcedLimits = Receipt['enforced'];
export type FunctionError = NonNullable<AttemptRecord['error']>;
export type LogLine = AttemptRecord['logs'][number];

/** Nothing could be measured. One object for all: figures are never changed once given. */
export const UNKNOWN_USAGE: Usage = Object.freeze({
  cpuMs: null,
  maxMemoryMib: null,
  peakScope: null,
  source: null,
  shared: false,
});
