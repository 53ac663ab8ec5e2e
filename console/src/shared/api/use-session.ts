import { useQuery } from '@tanstack/react-query';
import { getSession } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from './api-problem.ts';
import { call, client } from './call.ts';
import { queryKeys } from './query-keys.ts';

export interface Session {
  workspace: string;
  scopes: string[];
}

/** Who is signed in; an ApiProblem with `isSignedOut` when nobody is. */
export function useSession({ isEnabled = true } = {}) {
  return useQuery<Session, ApiProblem>({
    queryKey: queryKeys.session,
    queryFn: ({ signal }) => call(getSession({ client, signal })),
    enabled: isEnabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
