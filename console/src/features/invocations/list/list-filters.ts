import type { ListInvocationsData } from '../../../../../src/client/generated/types.gen.ts';

/** What the address holds of a list: all of it text, empty for "any". */
export const NO_FILTERS = {
  function: '',
  outcome: '',
  start: '',
  state: '',
  tried: '',
  within: '',
  from: '',
  to: '',
  view: '',
};
export type Filters = typeof NO_FILTERS;

export const SPANS = [
  { value: '15m', label: 'Last 15 minutes', ms: 15 * 60_000 },
  { value: '1h', label: 'Last hour', ms: 60 * 60_000 },
  { value: '24h', label: 'Last 24 hours', ms: 24 * 60 * 60_000 },
  { value: '7d', label: 'Last 7 days', ms: 7 * 24 * 60 * 60_000 },
] as const;

export type InvocationsQuery = Omit<NonNullable<ListInvocationsData['query']>, 'limit'>;

/** The API's query for what the address asks for; `from` and `to` win over `within`. */
export function invocationsQuery(filters: Filters, functionName: string | null, nowMs: number): InvocationsQuery {
  const query: Record<string, string> = {};
  const name = functionName ?? filters.function;
  if (name !== '') query.function = name;
  for (const key of ['outcome', 'start', 'state'] as const) if (filters[key] !== '') query[key] = filters[key];
  if (filters.tried !== '') query.tried = 'true';
  Object.assign(query, timesOf(filters, nowMs));
  return query as unknown as InvocationsQuery;
}

/** From and to as the API takes them; absent where the list has no bound. */
export function timesOf(filters: Filters, nowMs: number): { from?: string; to?: string } {
  if (filters.from !== '' || filters.to !== '')
    return { ...(filters.from && { from: filters.from }), ...(filters.to && { to: filters.to }) };
  const span = SPANS.find(({ value }) => value === filters.within);
  return span === undefined ? {} : { from: new Date(nowMs - span.ms).toISOString() };
}

/** Whether anything is left out of the list by choice. */
export function isFiltered({ view: _view, ...filters }: Filters): boolean {
  return Object.values(filters).some((value) => value !== '');
}
