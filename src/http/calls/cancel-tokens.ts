import type { IncomingHttpHeaders } from 'node:http';
import { ColdframeError } from '../../errors/coldframe-error.ts';

const HEADER = 'coldframe-cancel-token';
/** Long enough that nobody guesses another caller's token, and short enough to be kept for each call in flight. */
export const CANCEL_TOKEN_PATTERN = '^[A-Za-z0-9_-]{16,64}$';
const PATTERN = new RegExp(CANCEL_TOKEN_PATTERN);

/**
 * The token a caller sent with its call. Null when it sent none. Throws `invalid_request` for text that is no token.
 */
export function cancelTokenOf(headers: IncomingHttpHeaders): string | null {
  const value = headers[HEADER];
  if (value === undefined) return null;
  if (typeof value === 'string' && PATTERN.test(value)) return value;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: `/headers/${HEADER}`, message: 'must be 16 to 64 letters, digits, - and _' }],
  });
}

/**
 * Calls in flight, by a token that their caller chose. A caller learns the invocation's id with the reply, which is too
 * late to cancel it. The number of calls in flight bounds the entries, one each.
 */
export class CancelTokens {
  readonly #ids = new Map<string, string>();

  /** From now on the token means this call. When two calls use a token at once, it means the later one. */
  begin(workspaceId: string, token: string, id: string): void {
    this.#ids.set(keyOf(workspaceId, token), id);
  }

  /** The call has been answered. Does nothing when the token means another call by now. */
  end(workspaceId: string, token: string, id: string): void {
    const key = keyOf(workspaceId, token);
    if (this.#ids.get(key) === id) this.#ids.delete(key);
  }

  /** The id of the call in flight. Null when there is none. */
  idOf(workspaceId: string, token: string): string | null {
    return this.#ids.get(keyOf(workspaceId, token)) ?? null;
  }
}

const keyOf = (workspaceId: string, token: string): string => `${token} ${workspaceId}`;
