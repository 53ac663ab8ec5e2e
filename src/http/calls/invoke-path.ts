const PREFIX = '/api/v1/functions/';
const SUFFIX = '/invoke';

/**
 * The `{ref}` of `/api/v1/functions/{ref}/invoke`, by string operations alone. Null for every other path, and for a ref
 * with escapes, which the ordinary router decodes.
 */
export function invokeRefOf(url: string): string | null {
  if (!url.startsWith(PREFIX)) return null;
  const query = url.indexOf('?', PREFIX.length);
  const end = query === -1 ? url.length : query;
  const refEnd = end - SUFFIX.length;
  if (refEnd <= PREFIX.length || !url.startsWith(SUFFIX, refEnd)) return null;
  const ref = url.slice(PREFIX.length, refEnd);
  return ref.includes('/') || ref.includes('%') ? null : ref;
}
