import type { IncomingMessage } from 'node:http';
import type { Cors } from '../../domain/settings.ts';

/** A browser asks whether it may call. This answers without the function and without a key. */
export function isPreflight(req: IncomingMessage): boolean {
  return req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
}

export function preflightHeadersOf(req: IncomingMessage, cors: Cors): string[] {
  const headers = corsHeadersOf(req, { ...cors, exposeHeaders: undefined });
  if (headers.length <= VARY.length) return headers;
  if (cors.allowMethods?.length) headers.push('access-control-allow-methods', cors.allowMethods.join(','));
  if (cors.allowHeaders?.length) headers.push('access-control-allow-headers', cors.allowHeaders.join(','));
  if (cors.maxAgeSeconds !== undefined) headers.push('access-control-max-age', String(cors.maxAgeSeconds));
  return headers;
}

const VARY = ['vary', 'Origin'];

/** Headers of every reply. Only `vary` when the origin is not among those allowed. */
export function corsHeadersOf(req: IncomingMessage, cors: Cors): string[] {
  const { origin } = req.headers;
  const headers = [...VARY];
  const isAny = cors.allowOrigins?.includes('*') === true;
  if (origin === undefined || !(isAny || cors.allowOrigins?.includes(origin))) return headers;
  // With credentials browsers refuse a star, so the header names the origin.
  headers.push('access-control-allow-origin', isAny && !cors.allowCredentials ? '*' : origin);
  if (cors.allowCredentials) headers.push('access-control-allow-credentials', 'true');
  if (cors.exposeHeaders?.length) headers.push('access-control-expose-headers', cors.exposeHeaders.join(','));
  return headers;
}

/** The url's settings win over the function's own CORS headers. Browsers refuse a reply that has two of one name. */
export function withoutOverridden(headers: string[], extra: string[]): string[] {
  const hasCors = extra.includes('vary');
  if (!hasCors) return headers;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    if (!name.toLowerCase().startsWith('access-control-')) kept.push(name, headers[index + 1] as string);
  }
  return kept;
}
