import type { Capture, Outcome, Trigger } from '../domain/names.ts';

/** Headers that must never stay in the records of an HTTP event or result. */
const SENSITIVE_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);
/** A cheap sign that a body may hold one of them. Only such bodies are parsed. */
const SENSITIVE_PATTERN = /authorization|cookie/i;
export const REDACTED = '[redacted]';

/** Whether the policy keeps the bodies of a call with that outcome. Those of `try` runs are always kept. */
export function shouldCapture(capture: Capture, trigger: Trigger, outcome: Outcome | null): boolean {
  if (trigger === 'try' || capture === 'all') return true;
  return capture === 'errors' && outcome !== 'ok';
}

/**
 * The text to keep of an event or result: null when over `maxBytes` (half a body cannot be replayed). Authorization and
 * cookie headers of HTTP-shaped bodies are redacted; a body that cannot be parsed but names such a header is not kept.
 */
export function captureBody(body: Uint8Array, maxBytes: number): string | null {
  if (body.byteLength > maxBytes) return null;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (!SENSITIVE_PATTERN.test(text)) return text;
  return redact(text);
}

function redact(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return text;
  const body = value as Record<string, unknown>;
  const isHeadersRedacted = redactHeaders(body.headers);
  const isMultiValueRedacted = redactHeaders(body.multiValueHeaders);
  const isCookiesRedacted = redactCookies(body);
  return isHeadersRedacted || isMultiValueRedacted || isCookiesRedacted ? JSON.stringify(value) : text;
}

/** Payload 2.0 lists cookies outside the headers, both in events and in results. */
function redactCookies(body: Record<string, unknown>): boolean {
  if (!Array.isArray(body.cookies)) return false;
  body.cookies = body.cookies.map((cookie) =>
    typeof cookie === 'string' && cookie.includes('=')
      ? `${cookie.slice(0, cookie.indexOf('='))}=${REDACTED}`
      : REDACTED,
  );
  return true;
}

function redactHeaders(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  const record = headers as Record<string, unknown>;
  let isRedacted = false;
  for (const name of Object.keys(record)) {
    if (!SENSITIVE_HEADERS.has(name.toLowerCase())) continue;
    record[name] = Array.isArray(record[name]) ? [REDACTED] : REDACTED;
    isRedacted = true;
  }
  return isRedacted;
}
