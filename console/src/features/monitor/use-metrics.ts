import { useQuery } from '@tanstack/react-query';
import { functionMetrics, metrics } from '../../../../src/client/generated/sdk.gen.ts';
import type { MetricsResponses } from '../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { useActivity } from '../../shared/live/use-activity.ts';

export type MetricsReply = MetricsResponses[200];
export type MetricsPoint = MetricsReply['points'][number];

/** The window ends now: it moves on where nothing happens, too. */
const MOVE_ON_MS = 30_000;

/** Figures of one function, or of all (null), read anew when calls finish. */
export function useMetrics(functionName: string | null, window: string) {
  const query = useQuery<MetricsReply, ApiProblem>({
    queryKey:
      functionName === null ? queryKeys.metrics({ window }) : queryKeys.functionMetrics(functionName, { window }),
    queryFn: ({ signal }) =>
      functionName === null
        ? call(metrics({ client, query: { window }, signal }))
        : call(functionMetrics({ client, path: { name: functionName }, query: { window }, signal })),
    refetchInterval: MOVE_ON_MS,
  });
  const live = useActivity(functionName, () => void query.refetch());
  return { data: query.data, error: query.error, refetch: () => void query.refetch(), live };
}
