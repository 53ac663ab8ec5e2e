import { listFunctions } from '../../../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../../../shared/api/call.ts';
import { freeName } from './free-name.ts';

/** Beyond a page of names it only guesses; the server has the last word. */
const NAMES_MAX = 500;

/** A name like `wanted` that no function has. Rejects with an ApiProblem. */
export async function readFreeName(wanted: string, signal: AbortSignal): Promise<string> {
  const { items } = await call(listFunctions({ client, query: { q: wanted, limit: NAMES_MAX }, signal }));
  return freeName(wanted, new Set(items.map(({ name }) => name)));
}
