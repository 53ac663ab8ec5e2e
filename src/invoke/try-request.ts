import type { LeaveSignal } from '../domain/leave-signal.ts';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { InvokeRequest } from './types.ts';

/** A call of code that is only tried: it has an id of its own, and only the caller hears its end. `clientGone` as in InvokeRequest. */
export function tryRequest(
  target: RunnableRevision,
  event: Uint8Array,
  clientGone: LeaveSignal | null = null,
): InvokeRequest {
  return {
    id: uuid7(),
    target,
    mode: 'sync',
    trigger: 'try',
    event,
    traceId: null,
    minIsolation: null,
    stream: null,
    clientGone,
    receivedAtMs: performance.now(),
  };
}
