import { LIMITS } from '../domain/limits.ts';
import { ISOLATIONS, type Isolation } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { InvokeRequest } from './types.ts';

/** What admission looks at besides the request; all of it in memory. */
export interface AdmissionState {
  isDraining: boolean;
  recordsAccepting: boolean;
}

/** True when its keeper took it for lost and begins it again, although it still runs here. */
export const STILL_RUNNING = new ColdframeError('throttled', { internalMessage: 'an attempt of it still runs here' });

/** Pure: null when the call may go on, else the refusal. The pool checks concurrency, since it owns the slots. */
export function admit(request: InvokeRequest, state: AdmissionState): ColdframeError | null {
  if (state.isDraining) return new ColdframeError('draining');
  if (!state.recordsAccepting) return new ColdframeError('records_backlog');
  if (request.event.byteLength > LIMITS.payloadMaxBytes) return new ColdframeError('payload_too_large');
  const { minIsolation, target } = request;
  return minIsolation === null ? null : belowMinimum(target.revision.isolation, minIsolation);
}

/**
 * Pure: the refusal when `isolation` is weaker than the caller demands. It is asked at the door about the isolation
 * that the function is bound to. It is asked again about the sandbox itself, which may be weaker where the operator
 * allows a fallback.
 */
export function belowMinimum(isolation: Isolation, minimum: Isolation): ColdframeError | null {
  if (ISOLATIONS.indexOf(isolation) >= ISOLATIONS.indexOf(minimum)) return null;
  return new ColdframeError('isolation_below_minimum', {
    publicMessage: `The function runs under ${isolation}; the call demands at least ${minimum}.`,
  });
}
