import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './api-problem.ts';

const RETRIES_MAX = 2;
const STALE_MS = 5_000;

/** What is shown stays shown while it is read anew; refusals are not asked for again, an unreachable server is. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: unknown): void => {
    if (error instanceof ApiProblem && error.isSignedOut) onSignedOut();
  };
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        retry: (count, error) => count < RETRIES_MAX && error instanceof ApiProblem && isWorthRetrying(error),
        placeholderData: (previous: unknown) => previous,
      },
      mutations: { retry: false },
    },
  });
  client.getQueryCache().config.onError = onError;
  client.getMutationCache().config.onError = onError;
  return client;
}

function isWorthRetrying({ status }: ApiProblem): boolean {
  return status === 0 || status === 503;
}
