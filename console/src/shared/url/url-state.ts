/** The part of a query string that belongs to `defaults`, filled up with them. */
export function readUrlState<T extends Record<string, string>>(search: string, defaults: T): T {
  const params = new URLSearchParams(search);
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, params.get(name) ?? value])) as T;
}

/** The query string with the patch laid over it; foreign parameters stay, defaults are left out. `` or `?...`. */
export function writeUrlState<T extends Record<string, string>>(
  search: string,
  defaults: T,
  patch: Partial<T>,
): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined || value === defaults[name]) params.delete(name);
    else params.set(name, value);
  }
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}
