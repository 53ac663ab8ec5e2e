import type { IncomingMessage } from 'node:http';

export interface RequestTarget {
  host: string | undefined;
  path: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#@]*)([/?].*)?$/i;

/**
 * Host and path of a request, whose target is a path or, by RFC 9112, a whole URL whose host then counts instead of the Host
 * header. Null for any other form.
 */
export function splitTarget(req: IncomingMessage): RequestTarget | null {
  const url = req.url ?? '';
  if (url.charCodeAt(0) === 0x2f) return { host: req.headers.host, path: url };
  const absolute = ABSOLUTE.exec(url);
  if (!absolute) return null;
  const path = absolute[2] ?? '/';
  return { host: absolute[1], path: path.startsWith('?') ? `/${path}` : path };
}
