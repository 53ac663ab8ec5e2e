import { useQuery } from '@tanstack/react-query';
import { listFunctions } from '../../../../src/client/generated/sdk.gen.ts';
import { call, client } from '../../shared/api/call.ts';
import { freeName } from './template-topics.ts';

/** Beyond a page of names it only guesses; the server has the last word. */
const NAMES_MAX = 500;

/** A name like `wanted` that no function has; null until it is known. */
export function useFreeName(wanted: string): string | null {
  const { data, isError } = useQuery({
    queryKey: ['free-name', wanted],
    queryFn: async ({ signal }) => {
      const { items } = await call(listFunctions({ client, query: { q: wanted, limit: NAMES_MAX }, signal }));
      return freeName(wanted, new Set(items.map(({ name }) => name)));
    },
    placeholderData: undefined,
  });
  return isError ? wanted : (data ?? null);
}
