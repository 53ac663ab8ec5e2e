import type { Start, StartReason } from '../../../../src/domain/names.ts';

const STARTS: Record<Start, string> = {
  cold: 'A sandbox was made for this call',
  claimed: 'A ready sandbox was taken and the code loaded',
  warm: 'A sandbox that had the code was reused',
};

const REASONS: Record<StartReason, string> = {
  first_call: 'it was the first call of this function',
  revision_changed: 'code or settings had changed',
  evicted: 'its sandbox had made room for others',
  scaled_out: 'all its sandboxes were busy',
  pool_empty: 'no ready sandbox was left',
  isolation_changed: 'the isolation had changed',
  boot_profile: 'it sets a variable that works only when a sandbox boots',
  sandbox_lost: 'the sandbox it had was lost',
  idle_expired: 'its sandbox had been idle for too long',
  try: 'unsaved code runs in a sandbox of its own',
};

/** How an attempt found its sandbox and why, as one sentence; null when it found none. */
export function startWords(start: Start | null, reason: StartReason | null): string | null {
  if (start === null) return null;
  return reason === null ? `${STARTS[start]}.` : `${STARTS[start]}: ${REASONS[reason]}.`;
}
