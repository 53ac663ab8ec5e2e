import { useQuery } from '@tanstack/react-query';
import { listFunctions } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from './api-problem.ts';
import { call, client } from './call.ts';
import { queryKeys } from './query-keys.ts';
import type { FunctionSummary } from './types.ts';

const PAGE_SIZE = 500;
/** 5,000 functions; whoever has more searches by name on the command line. */
const PAGES_MAX = 10;
const LIST_EVERY_MS = 30_000;

export interface LoadedFunctions {
  items: FunctionSummary[];
  /** False when there are more than are loaded. */
  isComplete: boolean;
}

/** Every function of the workspace: searching and sorting then answer at each key. */
export function useFunctionList() {
  return useQuery<LoadedFunctions, ApiProblem>({
    queryKey: queryKeys.functionList,
    queryFn: async ({ signal }) => {
      const items: FunctionSummary[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const query = { limit: PAGE_SIZE, cursor };
        const reply = await call(listFunctions({ client, query, signal }));
        items.push(...reply.items);
        if (reply.nextCursor === null) return { items, isComplete: true };
        cursor = reply.nextCursor;
      }
      return { items, isComplete: false };
    },
    refetchInterval: LIST_EVERY_MS,
  });
}
