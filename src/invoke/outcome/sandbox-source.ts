import type { Start, StartReason } from '../../domain/names.ts';
import type { AttemptLogs, Sandbox } from '../../sandbox/contract/sandbox.ts';

/** Where an attempt ran and how it got there: a lease, or the load that failed. */
export interface SandboxSource {
  sandbox: Pick<Sandbox, 'id' | 'receipt'>;
  start: Start;
  reason: StartReason | null;
  claimMs: number | null;
  loadMs: number | null;
  importMs: number | null;
  loadLogs: AttemptLogs | null;
}
