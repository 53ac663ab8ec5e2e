import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { InvokeRequest } from './types.ts';

/** A call of code that is only tried: under an id of its own, waited for, heard by nobody else. */
export function tryRequest(target: RunnableRevision, event: Uint8Array): InvokeRequest {
  return {
    id: uuid7(),
    target,
    mode: 'sync',
    trigger: 'try',
    event,
    traceId: null,
    minIsolation: null,
    stream: null,
    clientGone: null,
    receivedAtMs: performance.now(),
  };
}
