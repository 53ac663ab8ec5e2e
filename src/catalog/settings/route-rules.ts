import { METHODS } from 'node:http';
import type { RouteSettings } from '../../domain/settings.ts';
import type { FieldError } from '../../errors/coldframe-error.ts';

const ROUTES_MAX = 100;
const PATH_MAX_CHARS = 512;
/** What a server can be asked; a route for any other method would never be. */
const ROUTE_METHODS = new Set(['ANY', ...METHODS.filter((method) => method !== 'CONNECT')]);
const PLAIN_PART = /^[A-Za-z0-9._~!$&'()*+,;=:@%-]+$/;
const NAMED_PART = /^\{([A-Za-z_][A-Za-z0-9_]*)(\+?)\}$/;
const ESCAPE = /%[0-9A-Fa-f]{2}/;
/** Where function URLs live: a route there would never be asked. */
const TAKEN_PREFIX = /^\/fn(?:\/|$)/;

/** What is wrong with a function's own list of routes; empty when nothing is. */
export function routeProblems(routes: RouteSettings[]): FieldError[] {
  const errors: FieldError[] = [];
  if (routes.length > ROUTES_MAX) errors.push({ path: '/routes', message: `has more than ${ROUTES_MAX} routes` });
  const seen = new Set<string>();
  for (const [index, route] of routes.entries()) {
    if (!ROUTE_METHODS.has(route.method)) {
      errors.push({ path: `/routes/${index}/method`, message: 'takes an HTTP method in capitals, or ANY' });
    }
    const problem = pathProblem(route.path);
    if (problem) errors.push({ path: `/routes/${index}/path`, message: problem });
    if (seen.has(routeKey(route))) errors.push({ path: `/routes/${index}`, message: 'occurs twice' });
    seen.add(routeKey(route));
  }
  return errors;
}

/**
 * Two routes with the same key answer the same requests: parameter names do not matter, and neither does a slash at the end.
 * A route for one method and one for ANY may stand side by side; the former is the more exact.
 */
export function routeKey({ method, path }: RouteSettings): string {
  const parts = path.replace(/(?<=.)\/$/, '').split('/');
  return `${method} ${parts.map((part) => part.replace(NAMED_PART, '{$2}')).join('/')}`;
}

function pathProblem(path: string): string | null {
  if (!path.startsWith('/')) return 'begins with a slash';
  if (path.length > PATH_MAX_CHARS) return `has more than ${PATH_MAX_CHARS} characters`;
  if (TAKEN_PREFIX.test(path)) return '/fn is where function URLs live';
  const parts = path === '/' ? [] : path.replace(/\/$/, '').slice(1).split('/');
  const names = new Set<string>();
  for (const [index, part] of parts.entries()) {
    const named = NAMED_PART.exec(part);
    if (!named && (!PLAIN_PART.test(part) || part === '.' || part === '..')) return `the part "${part}" is not allowed`;
    if (!named && ESCAPE.test(part))
      return `the part "${part}" would never match: paths are compared decoded, so write the character itself`;
    if (!named) continue;
    if (names.has(named[1]!)) return `the name ${named[1]} occurs twice`;
    names.add(named[1]!);
    if (named[2] && index < parts.length - 1) return `{${named[1]}+} takes the rest of the path, so it must be last`;
  }
  return null;
}
