import { matchesOutcome } from '../../domain/failure.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import type { InvocationQuery } from '../../store/telemetry-store.ts';
import { recordSummary } from '../live/record-summary.ts';
import { joined, newestNumber } from './joined-record.ts';

interface Page {
  items: InvocationRecord[];
  nextCursor: string | null;
}

/**
 * One page, newest first, of what memory holds (ended records first, then running ones) and what the store answered.
 * When both know an invocation, the newer one wins and gets the attempts of both.
 */
export function mergePage(inMemory: InvocationRecord[], stored: Page, query: InvocationQuery): Page {
  const byId = new Map<string, InvocationRecord>();
  for (const record of inMemory) byId.set(record.id, newerOf(record, byId.get(record.id)));
  for (const record of stored.items) byId.set(record.id, newerOf(byId.get(record.id) ?? record, record));
  for (const [id, record] of byId) if (!matches(record, query)) byId.delete(id);
  const sorted = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  // Below the store's last item the store may have more that is not in this page: those must come first, on the next one.
  const lastStoredId = stored.nextCursor;
  const complete = lastStoredId === null ? sorted : sorted.filter((record) => record.id >= lastStoredId);
  const items = complete.slice(0, query.limit);
  const isMore = complete.length > items.length || stored.nextCursor !== null;
  const nextCursor = isMore ? (items.at(-1)?.id ?? stored.nextCursor) : null;
  return { items: items.map((record) => (record.attempts.length > 0 ? recordSummary(record) : record)), nextCursor };
}

/** Takes what `live` says, unless the known record is further: a running attempt is newer than every ended one. */
function newerOf(live: InvocationRecord, other: InvocationRecord | undefined): InvocationRecord {
  if (other === undefined || live === other) return live;
  const isNewer = live.state === 'running' || newestNumber(live) > newestNumber(other);
  return isNewer ? joined(live, other) : joined(other, live);
}

function matches(record: InvocationRecord, query: InvocationQuery): boolean {
  if (record.workspaceId !== query.workspaceId) return false;
  if (query.functionId !== undefined && record.functionId !== query.functionId) return false;
  if (query.state !== undefined && record.state !== query.state) return false;
  if (query.functionName !== undefined && record.functionName !== query.functionName) return false;
  if (query.outcome !== undefined && !matchesOutcome(record.outcome, query.outcome)) return false;
  if (query.tried !== true && record.trigger === 'try') return false;
  if (query.start !== undefined && record.start !== query.start) return false;
  if (query.cursor !== undefined && record.id >= query.cursor) return false;
  return isWithin(record.startedAt, query);
}

function isWithin(startedAt: string, query: InvocationQuery): boolean {
  const at = Date.parse(startedAt);
  if (query.from !== undefined && at < Date.parse(query.from)) return false;
  return query.to === undefined || at < Date.parse(query.to);
}
