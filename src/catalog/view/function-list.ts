import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { ListFunctions } from '../catalog-input.ts';
import { type FunctionView, toFunctionView } from '../function-view.ts';
import type { CatalogEntry } from './catalog-entries.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;
const SORT_FIELDS = ['name', 'createdAt', 'updatedAt'] as const;

/** One page of functions. A cursor names the last function seen, so changes between pages neither repeat nor hide others. */
export function listFunctions(
  entries: CatalogEntry[],
  options: ListFunctions,
): { items: FunctionView[]; nextCursor: string | null } {
  const sort = options.sort ?? 'name';
  const direction = sort.startsWith('-') ? -1 : 1;
  const field = SORT_FIELDS.find((one) => one === sort.replace('-', ''));
  if (!field)
    throw invalidQuery('/query/sort', `takes one of ${SORT_FIELDS.join(', ')}, or one of them behind a minus`);
  const limit = Math.min(Math.max(Math.trunc(options.limit ?? LIMIT_DEFAULT), 1), LIMIT_MAX);
  const after = options.cursor ? parseCursor(options.cursor, sort) : null;
  const q = options.q?.toLowerCase();
  const keyed = entries
    .filter(({ record }) => !q || searchTextOf(record).includes(q))
    .map((entry) => ({ entry, key: [entry.record[field], entry.record.id] as const }))
    .filter(({ key }) => !after || compare(key, after) * direction > 0)
    .sort((a, b) => compare(a.key, b.key) * direction);
  const page = keyed.slice(0, limit);
  const last = keyed.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(({ entry }) => toFunctionView(entry.record)),
    nextCursor: last ? Buffer.from(JSON.stringify([sort, ...last.key])).toString('base64url') : null,
  };
}

function compare(a: readonly [string, string], b: readonly [string, string]): number {
  for (const at of [0, 1] as const) if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
  return 0;
}

const SEARCH_TEXTS = new WeakMap<CatalogEntry['record'], string>();

/** Made once per change of a function: a search over thousands would build megabytes of text at every key a person presses. */
function searchTextOf(record: CatalogEntry['record']): string {
  let text = SEARCH_TEXTS.get(record);
  if (text === undefined) {
    text = searchText(record);
    SEARCH_TEXTS.set(record, text);
  }
  return text;
}

function searchText({ name, settings }: CatalogEntry['record']): string {
  const { description, tags } = settings;
  return [name, description, ...Object.entries(tags).flat()].join('\n').toLowerCase();
}

function parseCursor(cursor: string, sort: string): readonly [string, string] {
  try {
    const [of, value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (of === sort && typeof value === 'string' && typeof id === 'string') return [value, id];
  } catch {
    // Said below, as for every other wrong cursor.
  }
  throw invalidQuery('/query/cursor', 'is not a cursor of this list and order');
}

function invalidQuery(path: string, message: string): ColdframeError {
  return new ColdframeError('invalid_request', { errors: [{ path, message }] });
}
