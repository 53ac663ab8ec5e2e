import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  cancelComparison,
  getComparison,
  listComparisons,
  listIsolation,
  startComparison,
} from '../../../../src/client/generated/sdk.gen.ts';
import type { GetComparisonResponses } from '../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { IsolationStatus } from '../../shared/api/types.ts';

export type Comparison = GetComparisonResponses[200];
export type ComparedIsolation = Comparison['isolations'][number];

/** A running one moves with every call; this is as often as eyes can tell. */
const RUNNING_EVERY_MS = 700;
const LIST_EVERY_MS = 30_000;
/** All that are kept of a function. */
const LIST_SIZE = 50;

export function useComparisons(functionName: string) {
  return useQuery<Comparison[], ApiProblem>({
    queryKey: queryKeys.comparisons(functionName),
    queryFn: async ({ signal }) => {
      const path = { name: functionName };
      return (await call(listComparisons({ client, path, query: { limit: LIST_SIZE }, signal }))).items;
    },
    refetchInterval: LIST_EVERY_MS,
    placeholderData: undefined,
  });
}

/** The chosen one, followed while it runs; its end is told to the list. */
export function useComparison(functionName: string, id: string | null) {
  const queries = useQueryClient();
  return useQuery<Comparison, ApiProblem>({
    queryKey: queryKeys.comparison(id ?? ''),
    queryFn: async ({ signal }) => {
      const comparison = await call(getComparison({ client, path: { id: id ?? '' }, signal }));
      if (comparison.state !== 'running')
        void queries.invalidateQueries({ queryKey: queryKeys.comparisons(functionName) });
      return comparison;
    },
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? RUNNING_EVERY_MS : false),
    placeholderData: undefined,
  });
}

export function useIsolations() {
  return useQuery<IsolationStatus[], ApiProblem>({
    queryKey: queryKeys.isolation,
    queryFn: async ({ signal }) => (await call(listIsolation({ client, signal }))).items,
  });
}

export interface StartRequest {
  isolations: string[];
  count: number;
  /** JSON text; it goes as it is, so that numbers and key order reach the handler untouched. */
  event: string;
}

export function useStart(functionName: string, onStarted: (comparison: Comparison) => void) {
  const queries = useQueryClient();
  return useMutation<Comparison, ApiProblem, StartRequest>({
    mutationFn: ({ event, ...rest }) =>
      call(
        startComparison({
          client,
          path: { name: functionName },
          body: rest,
          bodySerializer: () => `${JSON.stringify(rest).slice(0, -1)},"event":${event}}`,
        }),
      ),
    onSuccess: async (comparison) => {
      queries.setQueryData(queryKeys.comparison(comparison.id), comparison);
      onStarted(comparison);
      await queries.invalidateQueries({ queryKey: queryKeys.comparisons(functionName) });
    },
  });
}

export function useCancel(id: string) {
  const queries = useQueryClient();
  return useMutation<unknown, ApiProblem>({
    mutationFn: () => call(cancelComparison({ client, path: { id } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.comparison(id) }),
  });
}
