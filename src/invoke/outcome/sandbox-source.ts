import type { AttemptLogs, Sandbox } from '../../contract/sandbox.ts';
import type { Receipt } from '../../domain/invocation.ts';
import type { Start, StartReason } from '../../domain/names.ts';

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

const receipts = new WeakMap<SandboxSource['sandbox'], Receipt>();

/** What fenced an attempt. All attempts in one sandbox share one receipt object: it is never changed. */
export function receiptOf(from: SandboxSource, codeSha256: string): Receipt {
  const { sandbox } = from;
  const known = receipts.get(sandbox);
  if (known !== undefined && known.codeSha256 === codeSha256) return known;
  const receipt: Receipt = { ...sandbox.receipt, codeSha256, dependencySetSha256: null };
  receipts.set(sandbox, receipt);
  return receipt;
}
