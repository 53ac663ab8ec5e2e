/** What a status says at a glance; shape and colour follow from it, the word is the status's own. */
export type StatusKind = 'good' | 'bad' | 'late' | 'refused' | 'moving' | 'idle';

const KINDS: Record<string, StatusKind> = {
  // outcomes
  ok: 'good',
  error: 'bad',
  timeout: 'late',
  oom: 'bad',
  crashed: 'bad',
  cancelled: 'idle',
  throttled: 'refused',
  rejected: 'refused',
  // invocations
  queued: 'moving',
  running: 'moving',
  retrying: 'moving',
  finished: 'good',
  dead: 'bad',
  // comparisons
  done: 'good',
  waiting: 'moving',
  skipped: 'idle',
  cut: 'late',
  stopped: 'idle',
  interrupted: 'late',
  // functions and isolations
  active: 'good',
  preparing: 'moving',
  building: 'moving',
  failed: 'bad',
  usable: 'good',
  busy: 'late',
  absent: 'idle',
  not_running: 'refused',
  no_permission: 'refused',
  restricted: 'refused',
  // connections
  open: 'good',
  connecting: 'moving',
  lost: 'late',
};

export function statusKind(status: string): StatusKind {
  return KINDS[status] ?? 'idle';
}
