import type { BoxExit } from '../../../contract/driver.ts';
import type { SandboxReply } from '../../../contract/sandbox.ts';
import type { Call } from './call.ts';

export const KILLED: BoxExit = { cause: 'destroyed', exitCode: null, signal: 'SIGKILL' };
export const LOST: BoxExit = { cause: 'lost', exitCode: null, signal: null };

/** A breach of the protocol; null where no call can be named. */
export interface Violation {
  detail: string;
  culprit: Call | null;
}

/** What a call in flight is answered when its sandbox ends. Where nobody can be named, every one of them saw the violation. */
export function lastReply(call: Call, exit: BoxExit, violation: Violation | null): SandboxReply {
  const isCulprit = violation !== null && (violation.culprit === null || violation.culprit === call);
  if (isCulprit) return { kind: 'protocolViolation', detail: violation.detail };
  return call.isCancelled ? { kind: 'cancelled' } : { kind: 'died', exit, dispatched: call.isDispatched };
}
