import type { ColdframeError } from '../errors/coldframe-error.ts';
import type { Pool } from '../pool/types.ts';
import type { Records } from '../records/records.ts';
import { admit, STILL_RUNNING } from './admit.ts';
import { Invocation } from './invocation.ts';
import { refusedResult } from './outcome/answer.ts';
import { refusalOf } from './outcome/refusal.ts';
import type { InvokeRequest, InvokeResult, Invoker, KeptAttempt, KeptAttempts } from './types.ts';

/** How often a drain looks whether the last invocation has ended, in ms. */
const DRAIN_POLL_MS = 20;
/** A cancelled handler has 1 s before it is killed; a little more for its record. */
const CANCEL_GRACE_MS = 2_000;

/**
 * The way of one invocation, read aloud: **admit** from memory, **acquire** a sandbox from the pool, **call** it (one frame
 * there, one frame back), **settle** what came into an ending, answer, and only then **record**. `invocation.ts` holds what
 * one is and who hears of it, `attempt.ts` its run; this file holds those in flight.
 */
export function createInvoker(deps: { pool: Pool; records: Records }): Invoker & KeptAttempts {
  const running = new Map<string, Invocation>();
  let isDraining = false;
  const invocationDeps = { ...deps, onFinished: (invocation: Invocation) => running.delete(invocation.record.id) };

  function invoke(request: InvokeRequest, onResult: (result: InvokeResult) => void): void {
    const refusal = refused(request);
    if (refusal) {
      deps.records.refused(refusalOf(request, 'rejected'));
      onResult(refusedResult(request, refusal));
    } else start(request, onResult);
  }

  function begin(request: InvokeRequest, kept: KeptAttempt): void {
    const refusal = running.has(request.id) ? STILL_RUNNING : refused(request);
    if (refusal) {
      kept.lease.release();
      kept.handedBack(refusal);
    } else start(request, kept);
  }

  function refused(request: InvokeRequest): ColdframeError | null {
    return admit(request, { isDraining, recordsAccepting: deps.records.accepting });
  }

  function start(request: InvokeRequest, maker: KeptAttempt | ((result: InvokeResult) => void)): void {
    const invocation = new Invocation(request, invocationDeps, maker);
    running.set(request.id, invocation);
    invocation.start();
  }

  function cancel(workspaceId: string, id: string): boolean {
    const invocation = running.get(id);
    return invocation?.request.target.workspaceId === workspaceId && invocation.cancel();
  }

  async function drain(deadlineMs: number): Promise<void> {
    isDraining = true;
    await untilNoneRuns(deadlineMs);
    for (const invocation of running.values()) invocation.leave();
    await untilNoneRuns(CANCEL_GRACE_MS);
  }

  async function untilNoneRuns(deadlineMs: number): Promise<void> {
    const endAtMs = performance.now() + deadlineMs;
    while (running.size > 0 && performance.now() < endAtMs)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }

  return {
    invoke,
    begin,
    cancel,
    drain,
    get inFlight() {
      return running.size;
    },
  };
}
