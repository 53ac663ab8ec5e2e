import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isOwnCookie } from '../serving/own-cookies.ts';
import type { FunctionMatch } from './function-paths.ts';

export interface UrlEventInput {
  req: IncomingMessage;
  match: FunctionMatch;
  body: Buffer;
  requestId: string;
  origin: string;
  /** The Authorization header was for the server. */
  hidesAuthorization: boolean;
  /**
   * Whether a header's value looks like a secret of this server; such a header is left out. With a key that was sent by mistake the function
   * could do what its owner may do; whether it was a good one must not show (decisions/0043).
   */
  isSecret(value: string): boolean;
}

/** The request as Lambda's payload 2.0, in JSON bytes. */
export function urlEvent(input: UrlEventInput): Buffer {
  const { req, match, body, requestId } = input;
  const now = new Date();
  const { urlId } = match.found;
  const headers = headersOf(input);
  const cookies = cookiesOf(req);
  const query = queryOf(match.rawQueryString);
  const isBase64Encoded = body.length > 0 && !isText(req.headers['content-type'], body);
  return Buffer.from(
    JSON.stringify({
      version: '2.0',
      routeKey: match.routeKey,
      rawPath: match.rawPath,
      rawQueryString: match.rawQueryString,
      cookies: cookies.length > 0 ? cookies : undefined,
      headers,
      queryStringParameters: query ?? undefined,
      pathParameters: match.pathParameters ?? undefined,
      requestContext: {
        accountId: 'anonymous',
        apiId: urlId,
        domainName: hostnameOf(req),
        domainPrefix: urlId,
        http: {
          method: req.method,
          path: match.rawPath,
          protocol: `HTTP/${req.httpVersion}`,
          sourceIp: sourceIpOf(req),
          userAgent: req.headers['user-agent'] ?? '',
        },
        requestId,
        routeKey: match.routeKey,
        stage: '$default',
        time: commonLogTime(now),
        timeEpoch: now.getTime(),
      },
      body: body.length === 0 ? undefined : body.toString(isBase64Encoded ? 'base64' : 'utf8'),
      isBase64Encoded,
    }),
  );
}

/** Left out: headers of the connection, which are not the request's, and cookies, which travel in their own list. */
const LEFT_OUT = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'cookie',
]);

/** Names in lower case; repeated headers are joined by commas. */
function headersOf({ req, origin, hidesAuthorization, isSecret }: UrlEventInput): Record<string, string> {
  const headers = new Map<string, string>();
  const { rawHeaders } = req;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (LEFT_OUT.has(name) || (hidesAuthorization && name === 'authorization')) continue;
    const value = rawHeaders[index + 1] as string;
    if (isSecret(value)) continue;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  const seen = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', seen === undefined ? sourceIpOf(req) : `${seen}, ${sourceIpOf(req)}`);
  const url = new URL(origin);
  headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
  headers.set('x-forwarded-port', url.port || (url.protocol === 'https:' ? '443' : '80'));
  if (!headers.has('x-amzn-trace-id')) headers.set('x-amzn-trace-id', newTraceId());
  return Object.fromEntries(headers);
}

function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}

/** Cookies know no ports, so a browser sends the console's session here too. It is left out. */
function cookiesOf(req: IncomingMessage): string[] {
  const all = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return all.filter((pair) => pair !== '' && !isOwnCookie(pair.split('=', 1)[0] ?? ''));
}

function queryOf(rawQueryString: string): Record<string, string> | null {
  if (rawQueryString === '') return null;
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = query.get(name);
    query.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(query);
}

const TEXT_TYPE = /^(?:text\/.*|application\/(?:json|xml|javascript|ecmascript|graphql|x-ndjson)|.*\+(?:json|xml))$/;

function isText(contentType: string | undefined, body: Buffer): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return TEXT_TYPE.test(type) && isUtf8(body);
}

function hostnameOf(req: IncomingMessage): string {
  return (req.headers.host ?? 'localhost').replace(/:\d*$/, '');
}

function sourceIpOf(req: IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(at: Date): string {
  const day = String(at.getUTCDate()).padStart(2, '0');
  return `${day}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
}
