import type { BoxExit } from '../../../contract/driver.ts';
import type { SandboxReply } from '../../../contract/sandbox.ts';
import type { Exchange } from './exchange.ts';

export const KILLED: BoxExit = { cause: 'destroyed', exitCode: null, signal: 'SIGKILL' };
export const LOST: BoxExit = { cause: 'lost', exitCode: null, signal: null };

/** A breach of the protocol; null where no call can be named. */
export interface Violation {
  detail: string;
  culprit: Exchange | null;
}

/** What a call in flight is answered when its sandbox ends. Where nobody can be named, every one of them saw the violation. */
export function lastReply(exchange: Exchange, exit: BoxExit, violation: Violation | null): SandboxReply {
  const isCulprit = violation !== null && (violation.culprit === null || violation.culprit === exchange);
  if (isCulprit) return { kind: 'protocolViolation', detail: violation.detail };
  return exchange.isCancelled ? { kind: 'cancelled' } : { kind: 'died', exit, dispatched: exchange.isDispatched };
}
