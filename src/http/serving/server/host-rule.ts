/** Decides which Host headers this server answers to: DNS rebinding reaches a loopback port under a foreign name. */
export interface HostRule {
  allows(host: string | undefined): boolean;
  /** An Origin header that is the console itself, reached under `host`. */
  allowsOrigin(origin: string | undefined, host: string): boolean;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
/**
 * Accepted headers are remembered, since each request carries one. The number is bounded, because callers choose them.
 */
const REMEMBERED_MAX = 64;

export function createHostRule(publicUrl: URL | null): HostRule {
  const remembered = new Set<string>();
  const publicHostname = publicUrl?.hostname.toLowerCase() ?? null;

  function allows(host: string | undefined): boolean {
    if (host === undefined) return false;
    if (remembered.has(host)) return true;
    const name = HOST.exec(host)?.[1]?.toLowerCase();
    if (name === undefined || !(LOOPBACK.test(name) || name === publicHostname)) return false;
    if (remembered.size < REMEMBERED_MAX) remembered.add(host);
    return true;
  }

  function allowsOrigin(origin: string | undefined, host: string): boolean {
    if (origin === undefined) return false;
    if (publicUrl !== null && origin === publicUrl.origin) return true;
    // Behind a TLS proxy only the public URL knows the scheme; direct visits are plain http to the Host they name.
    return origin === `http://${host.toLowerCase()}`;
  }

  return { allows, allowsOrigin };
}
