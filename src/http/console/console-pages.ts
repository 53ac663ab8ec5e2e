import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ConsoleFile, ConsoleFolder, NONCE_PLACEHOLDER } from './built-console.ts';
import { ASSETS_PREFIX, isScreen } from './console-paths.ts';
import { consolePolicy } from './console-policy.ts';

const NONCE_BYTES = 16;
const YEAR_S = 31_536_000;
const COMMON = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

export interface ConsolePages {
  /**
   * False when the request is not for the console, or when the console was not built (`/` is its screen then). Others
   * answer these.
   */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * The console's page and files. They are no operations of the API, and they need no key because they hold no data. They
 * are looked up by exact path among what the build wrote, so no path can lead elsewhere. When `folder` is null, there
 * is no console.
 */
export function createConsolePages(folder: string | null): ConsolePages {
  const built = folder === null ? null : new ConsoleFolder(folder);
  return {
    handle(req, res) {
      if (built === null || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
      const [path = '/'] = (req.url ?? '/').split('?', 1);
      const isAsset = path.startsWith(ASSETS_PREFIX);
      if (!isAsset && !isScreen(path)) return false;
      const current = built.current();
      if (current === null) {
        // The page that waits for the console stands at the address of the screen that was asked for, and becomes that
        // screen there.
        if (!isAsset) req.url = '/';
        return false;
      }
      if (!isAsset) {
        sendPage(req, res, current.html);
        return true;
      }
      const file = current.files.get(path);
      if (file === undefined) return false;
      sendFile(req, res, file);
      return true;
    },
  };
}

function sendPage(req: IncomingMessage, res: ServerResponse, html: string): void {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  const body = Buffer.from(html.replaceAll(NONCE_PLACEHOLDER, nonce));
  res.writeHead(200, {
    ...COMMON,
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    'content-security-policy': consolePolicy(nonce),
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function sendFile(req: IncomingMessage, res: ServerResponse, file: ConsoleFile): void {
  const isCompressed = file.gzip !== null && /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''));
  const body = isCompressed && file.gzip !== null ? file.gzip : file.body;
  res.writeHead(200, {
    ...COMMON,
    'content-type': file.contentType,
    'content-length': body.length,
    'cache-control': file.isImmutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
    vary: 'accept-encoding',
    ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}
