import { LIMITS } from '../domain/limits.ts';
import { ISOLATIONS } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { InvokeRequest } from './types.ts';

/** What admission looks at besides the request; all of it in memory. */
export interface AdmissionState {
  isDraining: boolean;
  recordsAccepting: boolean;
}

/** Pure: null when the call may go on, else the refusal. Concurrency is the pool's to check, since it owns the slots. */
export function admit(request: InvokeRequest, state: AdmissionState): ColdframeError | null {
  if (state.isDraining) return new ColdframeError('draining');
  if (!state.recordsAccepting) return new ColdframeError('records_backlog');
  if (request.event.byteLength > LIMITS.payloadMaxBytes) return new ColdframeError('payload_too_large');
  const { minIsolation, target } = request;
  if (minIsolation !== null && ISOLATIONS.indexOf(target.revision.isolation) < ISOLATIONS.indexOf(minIsolation)) {
    return new ColdframeError('isolation_below_minimum', {
      publicMessage: `The function runs under ${target.revision.isolation}; the call demands at least ${minIsolation}.`,
    });
  }
  return null;
}
