import type { Pool } from '../pool/types.ts';
import type { Records } from '../records/records.ts';
import { admit } from './admit.ts';
import { Call } from './call.ts';
import { refusedResult } from './outcome/answer.ts';
import type { InvokeRequest, InvokeResult, Invoker } from './types.ts';

/** How often a drain looks whether the last call has ended, in ms. */
const DRAIN_POLL_MS = 20;

/**
 * The way of one invocation, read aloud: **admit** from memory, **acquire** a sandbox from the pool, **call** it (one frame
 * there, one frame back), **settle** what came into an ending, answer, and only then **record**. `call.ts` holds the state of
 * one call; this file holds the calls in flight.
 */
export function createInvoker(deps: { pool: Pool; records: Records }): Invoker {
  const calls = new Map<string, Call>();
  let isDraining = false;
  const callDeps = { ...deps, onFinished: (call: Call) => calls.delete(call.record.id) };

  function invoke(request: InvokeRequest, onResult: (result: InvokeResult) => void): void {
    const refusal = admit(request, { isDraining, recordsAccepting: deps.records.accepting });
    if (refusal) {
      const { workspaceId, functionId, revision } = request.target;
      deps.records.refused({
        id: request.id,
        workspaceId,
        functionId,
        isolation: revision.isolation,
        outcome: 'rejected',
      });
      onResult(refusedResult(request, refusal));
      return;
    }
    const call = new Call(request, callDeps, onResult);
    calls.set(request.id, call);
    call.start();
  }

  function cancel(workspaceId: string, id: string): boolean {
    const call = calls.get(id);
    if (!call || call.request.target.workspaceId !== workspaceId) return false;
    return call.cancel();
  }

  async function drain(deadlineMs: number): Promise<void> {
    isDraining = true;
    const endAtMs = performance.now() + deadlineMs;
    while (calls.size > 0 && performance.now() < endAtMs) await pause(DRAIN_POLL_MS);
    for (const call of calls.values()) call.cancel();
    const graceEndAtMs = performance.now() + CANCEL_GRACE_MS;
    while (calls.size > 0 && performance.now() < graceEndAtMs) await pause(DRAIN_POLL_MS);
  }

  return {
    invoke,
    cancel,
    drain,
    get inFlight() {
      return calls.size;
    },
  };
}

/** A cancelled handler has 1 s before it is killed; a little more for its record. */
const CANCEL_GRACE_MS = 2_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
