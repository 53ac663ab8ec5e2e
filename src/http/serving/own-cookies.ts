import type { IncomingHttpHeaders } from 'node:http';

const NAME = 'coldframe_session';
/**
 * On https the browser itself then refuses such a cookie when another host of the same domain, or plain http, tries to
 * set it.
 */
const HOST_BOUND_NAME = `__Host-${NAME}`;
/**
 * Names of our cookies, including later ones. Browsers tell upper and lower case apart in names of cookies; here they
 * are equal.
 */
const OWN = /^(?:__(?:host|secure)-)?coldframe[_-]/i;
/** Session tokens as `secretToken('cfs_')` makes them. */
const TOKEN = /^cfs_[A-Za-z0-9_-]{43}$/;
/**
 * A page of another name on the same domain can set cookies with our name. A few are tried; more would let strangers
 * cause work.
 */
const TRIED_MAX = 4;

/** Whether a cookie of this name is ours, so that no function may see or set it. */
export function isOwnCookie(name: string): boolean {
  return OWN.test(name.trim());
}

/** The session's cookie name. It is bound to its host when the console is reached by https. */
export function sessionCookieName(publicUrl: URL | null): string {
  return publicUrl?.protocol === 'https:' ? HOST_BOUND_NAME : NAME;
}

/**
 * Well-formed session tokens among the cookies, those of the host-bound name first, at most four, no token twice. Several may be
 * there because another page set one of our name; only one of them is known to the server.
 */
export function sessionTokensOf(headers: IncomingHttpHeaders): string[] {
  const bound: string[] = [];
  const plain: string[] = [];
  for (const pair of headers.cookie?.split(';') ?? []) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    if (at < 1 || !TOKEN.test(value)) continue;
    if (name === HOST_BOUND_NAME) bound.push(value);
    else if (name === NAME) plain.push(value);
  }
  return [...new Set([...bound, ...plain])].slice(0, TRIED_MAX);
}
