import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { getCode } from '../../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import type { DeployedCode } from './draft-model.ts';

type CodeReply = Omit<DeployedCode, 'revisionId' | 'revisionNumber'>;

/** Code never changes under its hash, so one hash is read once. */
export const codeKey = (name: string, codeSha256: string) => [...queryKeys.code(name), codeSha256];

/** The code of the function as it is now; null while it is read. */
export function useDeployedCode(fn: ColdframeFunction) {
  const queries = useQueryClient();
  const query = useQuery<CodeReply, ApiProblem>({
    queryKey: codeKey(fn.name, fn.codeSha256),
    queryFn: ({ signal }) => call(getCode({ client, path: { name: fn.name }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  const { data } = query;
  // A deploy between two reads: what came is newer than the function that was asked for.
  const isNewer = data !== undefined && data.codeSha256 !== fn.codeSha256;
  useEffect(() => {
    if (isNewer) void queries.invalidateQueries({ queryKey: queryKeys.function(fn.name), exact: true });
  }, [isNewer, queries, fn.name]);
  const { id, number } = fn.revision;
  const deployed = useMemo<DeployedCode | null>(
    () => (data === undefined || isNewer ? null : { ...data, revisionId: id, revisionNumber: number }),
    [data, isNewer, id, number],
  );
  return { deployed, error: query.error, retry: () => void query.refetch() };
}
