import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../../auth/principal.ts';
import type { Scope } from '../../domain/names.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { HttpAuth } from '../deps.ts';
import { sessionTokensOf } from './own-cookies.ts';
import type { HostRule } from './server/host-rule.ts';

export interface Access {
  /**
   * By the Authorization header. Null when there is none; throws `unauthenticated` when it is wrong. Synchronous: hot
   * path. `memo` as in HttpAuth.
   */
  byKey(headers: IncomingHttpHeaders, memo?: { digest: string | null }): Principal | null;
  /**
   * By the session cookie; writes need a matching Origin. Rejects with `unauthenticated`, `origin_mismatch` or the
   * reason why the session ended.
   */
  bySession(method: string, headers: IncomingHttpHeaders): Promise<Principal>;
}

/** What a browser is told of a session that has ended. */
const ENDS = {
  expired: 'session_expired',
  closed: 'session_closed',
  key_gone: 'session_key_gone',
  unknown: 'unauthenticated',
} as const;

export function createAccess(auth: HttpAuth, hosts: HostRule): Access {
  const endOf = (tokens: readonly string[]) =>
    ENDS[tokens.map((token) => auth.whySessionEnded(token)).find((end) => end !== 'unknown') ?? 'unknown'];
  return {
    byKey(headers, memo) {
      const { authorization } = headers;
      if (authorization === undefined) return null;
      const secret = bearerOf(authorization);
      const principal = secret === null ? null : auth.verifyKey(secret, memo);
      if (!principal) throw new ColdframeError('unauthenticated');
      return principal;
    },
    async bySession(method, headers) {
      const tokens = sessionTokensOf(headers);
      let principal: Principal | null = null;
      for (const token of tokens) principal ??= await auth.verifySession(token);
      if (!principal) throw new ColdframeError(endOf(tokens));
      if (!isOwnPage(headers)) throw new ColdframeError('origin_mismatch');
      const isRead = method === 'GET' || method === 'HEAD';
      if (!isRead && !hosts.allowsOrigin(headers.origin, headers.host ?? ''))
        throw new ColdframeError('origin_mismatch');
      return principal;
    },
  };
}

/**
 * Cookies know no ports, so pages of functions on this host could make a signed-in browser send reads too. Browsers say
 * where a request comes from; programs do not.
 */
function isOwnPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** `admin` includes the others. Throws `forbidden`. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.includes(scope) || principal.scopes.includes('admin')) return;
  throw new ColdframeError('forbidden', { publicMessage: `This operation needs a key of scope ${scope}.` });
}

/** The secret of `Bearer <secret>`. Null for another scheme. */
export function bearerOf(authorization: string): string | null {
  if (authorization.length < 8 || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return null;
  return authorization.slice(7).trim() || null;
}
