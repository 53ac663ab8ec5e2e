import type { AttemptRecord, EnforcedLimits, LogLine, Phases, Receipt, Usage } from '../../domain/invocation.ts';

/**
 * Attempts as the table holds them: JSON lists of values in a fixed order, since the names would be a third of each row and
 * rows are what a call costs. Fields to come go to the end of their list, so that older rows stay readable.
 */
type AttemptCells = [
  number: number,
  revisionId: string,
  runtime: AttemptRecord['runtime'],
  sandboxId: string | null,
  startedAt: string,
  outcome: AttemptRecord['outcome'],
  code: string | null,
  start: AttemptRecord['start'],
  startReason: AttemptRecord['startReason'],
  phases: PhaseCells,
  usage: UsageCells,
  receipt: ReceiptCells | null,
  error: AttemptRecord['error'],
  logsTruncated: boolean,
  clientGone: boolean,
];
type PhaseCells = [number, number | null, number | null, number | null, number | null, number];
type UsageCells = [number | null, number | null, Usage['peakScope'], string | null, boolean];
type ReceiptCells = [Receipt['isolation'], string, string, string | null, string, string | null, EnforcedCells];
type EnforcedCells = [memory: boolean, cpu: boolean, pids: boolean, disk: boolean, network: boolean];

/** Everything but the logs, which have rows of their own. */
export function attemptsText(attempts: AttemptRecord[]): string {
  return JSON.stringify(attempts.map(cellsOf));
}

/** Reads what `attemptsText` wrote; logs are empty. */
export function attemptsOf(text: string): AttemptRecord[] {
  return (JSON.parse(text) as AttemptCells[]).map(attemptOf);
}

function cellsOf(attempt: AttemptRecord): AttemptCells {
  const { phases, usage, receipt } = attempt;
  return [
    attempt.number,
    attempt.revisionId,
    attempt.runtime,
    attempt.sandboxId,
    attempt.startedAt,
    attempt.outcome,
    attempt.code,
    attempt.start,
    attempt.startReason,
    [phases.queueMs, phases.claimMs, phases.loadMs, phases.importMs, phases.handlerMs, phases.totalMs],
    [usage.cpuMs, usage.maxMemoryMib, usage.peakScope, usage.source, usage.shared],
    receipt && receiptCells(receipt),
    attempt.error,
    attempt.logsTruncated,
    attempt.clientGone,
  ];
}

function attemptOf(cells: AttemptCells): AttemptRecord {
  const [number, revisionId, runtime, sandboxId, startedAt, outcome, code, start, startReason] = cells;
  const [, , , , , , , , , phases, usage, receipt, error, logsTruncated, clientGone] = cells;
  const logs: LogLine[] = [];
  return {
    number,
    revisionId,
    runtime,
    sandboxId,
    startedAt,
    outcome,
    code,
    start,
    startReason,
    phases: phasesOf(phases),
    usage: usageOf(usage),
    receipt: receipt && receiptOf(receipt),
    error,
    logs,
    logsTruncated,
    clientGone,
  };
}

function phasesOf([queueMs, claimMs, loadMs, importMs, handlerMs, totalMs]: PhaseCells): Phases {
  return { queueMs, claimMs, loadMs, importMs, handlerMs, totalMs };
}

function usageOf([cpuMs, maxMemoryMib, peakScope, source, shared]: UsageCells): Usage {
  return { cpuMs, maxMemoryMib, peakScope, source, shared };
}

function receiptCells(receipt: Receipt): ReceiptCells {
  const { isolation, driver, fence, imageDigest, codeSha256, dependencySetSha256, enforced } = receipt;
  const { memory, cpu, pids, disk, network } = enforced;
  return [isolation, driver, fence, imageDigest, codeSha256, dependencySetSha256, [memory, cpu, pids, disk, network]];
}

function receiptOf(cells: ReceiptCells): Receipt {
  const [isolation, driver, fence, imageDigest, codeSha256, dependencySetSha256, limits] = cells;
  const [memory, cpu, pids, disk, network] = limits;
  const enforced: EnforcedLimits = { memory, cpu, pids, disk, network };
  return { isolation, driver, fence, imageDigest, codeSha256, dependencySetSha256, enforced };
}
