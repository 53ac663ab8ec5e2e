import type { BoxExit } from '../../../contract/driver.ts';
import type { SandboxReply } from '../../../contract/sandbox.ts';
import type { Exchange } from './exchange.ts';

export const KILLED: BoxExit = { cause: 'destroyed', exitCode: null, signal: 'SIGKILL' };
export const LOST: BoxExit = { cause: 'lost', exitCode: null, signal: null };

/** The sandbox broke the protocol. `culprit` is null when no call can be blamed. */
export interface Violation {
  detail: string;
  culprit: Exchange | null;
}

/**
 * The answer for a call in flight when its sandbox ends. When no call can be blamed, each of them is told of the
 * violation.
 */
export function lastReply(exchange: Exchange, exit: BoxExit, violation: Violation | null): SandboxReply {
  const isCulprit = violation !== null && (violation.culprit === null || violation.culprit === exchange);
  if (isCulprit) return { kind: 'protocolViolation', detail: violation.detail };
  return exchange.isCancelled ? { kind: 'cancelled' } : { kind: 'died', exit, dispatched: exchange.isDispatched };
}
