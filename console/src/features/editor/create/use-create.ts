import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import type { FirstRun } from '../run/first-run.ts';

interface Creation {
  create(): Promise<ColdframeFunction>;
  /** What its page runs on arrival; null for nothing. */
  firstRun: FirstRun | null;
}

/** Creates a function and goes to its page. */
export function useCreate(onCreated: () => void) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation<void, ApiProblem, Creation>({
    mutationFn: async ({ create, firstRun }) => {
      const fn = await create();
      queries.setQueryData(queryKeys.function(fn.name), fn);
      void queries.invalidateQueries({ queryKey: queryKeys.functions, exact: true });
      onCreated();
      navigate(`/functions/${encodeURIComponent(fn.name)}`, { state: firstRun === null ? null : { firstRun } });
    },
  });
}
