import type { AttemptLogs, Sandbox } from '../../contract/sandbox.ts';
import type { Start, StartReason } from '../../domain/names.ts';
import type { Lease } from '../types.ts';
import type { PooledSandbox } from './pooled-sandbox.ts';

/** One slot of a bound sandbox, lent for one call. A second release does nothing. */
export class PoolLease implements Lease {
  readonly sandbox: Sandbox;
  readonly start: Start;
  readonly reason: StartReason | null;
  readonly queueMs: number;
  readonly claimMs: number | null;
  readonly loadMs: number | null;
  readonly importMs: number | null;
  readonly loadLogs: AttemptLogs | null;
  readonly #entry: PooledSandbox;
  readonly #isBackground: boolean;
  #isReplied = false;
  #isReleased = false;

  constructor(entry: PooledSandbox, parts: LeaseParts, queueMs: number, isBackground: boolean) {
    this.sandbox = entry.sandbox;
    this.start = parts.start;
    this.reason = parts.reason;
    this.queueMs = queueMs;
    this.claimMs = parts.claimMs;
    this.loadMs = parts.loadMs;
    this.importMs = parts.importMs;
    this.loadLogs = entry.loadLogs;
    this.#entry = entry;
    this.#isBackground = isBackground;
  }

  replied(): void {
    if (this.#isReplied || this.#isReleased) return;
    this.#isReplied = true;
    this.#entry.boundTo!.settling++;
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#isReplied) this.#entry.boundTo!.settling--;
    this.#entry.boundTo!.release(this.#entry, this.start, this.#isBackground);
  }
}

export interface LeaseParts {
  start: Start;
  reason: StartReason | null;
  claimMs: number | null;
  loadMs: number | null;
  importMs: number | null;
}

const WARM: LeaseParts = { start: 'warm', reason: null, claimMs: null, loadMs: null, importMs: null };

export function warmLease(entry: PooledSandbox, queueMs: number, isBackground = false): PoolLease {
  const lease = new PoolLease(entry, WARM, queueMs, isBackground);
  entry.startRecord = null;
  entry.loadLogs = null;
  return lease;
}

/**
 * The lease of a caller who waited since `enqueuedAtMs`. The parts add up to the whole wait, also for one who came when the
 * create or the load was already under way: it is charged only what it waited for.
 */
export function leaseAfterWait(
  entry: PooledSandbox,
  enqueuedAtMs: number,
  nowMs: number,
  isBackground = false,
): PoolLease {
  const startRecord = entry.startRecord;
  if (startRecord === null) return warmLease(entry, nowMs - enqueuedAtMs, isBackground);
  const beganAtMs = Math.max(startRecord.beganAtMs, enqueuedAtMs);
  const gotAtMs = Math.max(startRecord.gotAtMs, enqueuedAtMs);
  const claimMs = Math.max(0, gotAtMs - beganAtMs);
  const loadWallMs = Math.max(0, startRecord.loadedAtMs - gotAtMs);
  const importMs = Math.min(startRecord.importMs, loadWallMs);
  const queueMs = Math.max(0, nowMs - enqueuedAtMs - claimMs - loadWallMs);
  const { start, reason } = startRecord;
  const parts = { start, reason, claimMs, loadMs: loadWallMs - importMs, importMs };
  const lease = new PoolLease(entry, parts, queueMs, isBackground);
  entry.startRecord = null;
  entry.loadLogs = null;
  return lease;
}
