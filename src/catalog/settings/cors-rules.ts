import type { Cors } from '../../domain/settings.ts';
import type { FieldError } from '../../errors/coldframe-error.ts';

const LIST_MAX = 100;
const AGE_MAX_SECONDS = 86_400;
const LISTS = ['allowOrigins', 'allowMethods', 'allowHeaders', 'exposeHeaders'] as const;
/** These become response headers. */
const PRINTABLE = /^[\x21-\x7e]+$/;
const METHOD = /^(?:\*|[A-Z]+)$/;

/** What is wrong with a function's CORS settings; empty when nothing is. Entries that no browser's request can match are wrong. */
export function corsProblems(cors: Cors | undefined): FieldError[] {
  if (!cors) return [];
  const errors: FieldError[] = [];
  for (const name of LISTS) {
    const list = cors[name] ?? [];
    const path = `/url/cors/${name}`;
    if (list.length > LIST_MAX) errors.push({ path, message: `has more than ${LIST_MAX} entries` });
    if (list.some((one) => !PRINTABLE.test(one))) errors.push({ path, message: 'holds a wrong character' });
  }
  const origin = cors.allowOrigins?.find((one) => PRINTABLE.test(one) && originProblem(one) !== null);
  if (origin !== undefined) errors.push({ path: '/url/cors/allowOrigins', message: originProblem(origin)! });
  if (cors.allowMethods?.some((method) => PRINTABLE.test(method) && !METHOD.test(method)))
    errors.push({ path: '/url/cors/allowMethods', message: 'takes methods in capitals, as browsers send them, or *' });
  if (cors.allowCredentials && cors.allowOrigins?.includes('*')) {
    const message = 'browsers refuse credentials with the origin *; list the origins';
    errors.push({ path: '/url/cors/allowCredentials', message });
  }
  const age = cors.maxAgeSeconds ?? 0;
  if (!Number.isInteger(age) || age < 0 || age > AGE_MAX_SECONDS)
    errors.push({ path: '/url/cors/maxAgeSeconds', message: `takes a whole number from 0 to ${AGE_MAX_SECONDS}` });
  return errors;
}

/** Why no browser ever sends this as its Origin; null when one may. */
function originProblem(text: string): string | null {
  if (text === '*' || text === 'null') return null;
  if (text.includes('*')) return `"${text}" would never match: list each origin, or use * alone`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const origin = url === null ? null : `${url.protocol}//${url.host}`;
  if (origin === null || url?.host === '') return `"${text}" is no origin, which looks like https://app.example.org`;
  return origin === text ? null : `"${text}" would never match: browsers send ${origin}`;
}
