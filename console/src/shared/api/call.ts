import { createClient } from '../../../../src/client/generated/client/index.ts';
import { ApiProblem } from './api-problem.ts';

/** The generated client on this page's own origin; the session cookie rides along. Hand it to each operation. */
export const client = createClient({ baseUrl: window.location.origin });

type Reply<T> = Promise<{ data?: T; error?: unknown; request?: Request; response?: Response }>;

/** What the operation answers. Rejects with an ApiProblem, or with the abort when its signal aborted. */
export async function call<T>(reply: Reply<T>): Promise<T> {
  const { data, error, request, response } = await reply;
  if (response?.ok) return data as T;
  if (error instanceof DOMException && error.name === 'AbortError') throw error;
  const where = request ? `${request.method} ${new URL(request.url).pathname}` : '';
  throw new ApiProblem(response?.status ?? 0, response ? error : null, where);
}
