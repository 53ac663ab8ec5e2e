import { useQuery } from '@tanstack/react-query';
import { functionsActivity } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { ListedActivity } from './function-row-data.ts';

const ACTIVITY_EVERY_MS = 5_000;

/** What each did in the window, by function id; asked for again every five seconds while the tab is seen. */
export function useActivity(window: string) {
  return useQuery<ReadonlyMap<string, ListedActivity>, ApiProblem>({
    queryKey: queryKeys.activity(window),
    queryFn: async ({ signal }) => {
      const { items } = await call(functionsActivity({ client, query: { window }, signal }));
      return new Map(items.map((item) => [item.functionId, item]));
    },
    refetchInterval: ACTIVITY_EVERY_MS,
    structuralSharing: false,
  });
}
