import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { listInvocations } from '../../../../../src/client/generated/sdk.gen.ts';
import type { ListInvocationsResponses } from '../../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import { useActivity } from '../../../shared/live/use-activity.ts';
import { type Filters, invocationsQuery } from './list-filters.ts';

type Page = ListInvocationsResponses[200];

/** Enough for the highest screen, small enough to be there at once. */
const FIRST_PAGE_ROWS = 200;
/** Whoever scrolls on means to go far: the most that the API gives. */
const PAGE_ROWS = 500;
/** Summaries held by the page; who looks further back narrows the filters. */
const ROWS_MAX = 20_000;
/** Calls that run are looked at again this often: no news tell of their beginning. */
const RUNNING_MS = 2_000;

/**
 * The list page by page, newest first. News are fetched by themselves while only the first page is shown and `isAtTop`; further
 * down they would move what is being read, so they are only announced (`hasNews`) until `showNews`.
 */
export function useInvocations(filters: Filters, functionName: string | null, isAtTop: () => boolean) {
  const queries = useQueryClient();
  const { view: _view, ...asked } = filters;
  const queryKey = queryKeys.invocations({ ...asked, function: functionName ?? asked.function });
  const [hasNews, setHasNews] = useState(false);
  const query = useInfiniteQuery<Page, ApiProblem>({
    queryKey,
    initialPageParam: null,
    queryFn: ({ signal, pageParam }) => {
      const page = pageParam === null ? { limit: FIRST_PAGE_ROWS } : { cursor: pageParam as string, limit: PAGE_ROWS };
      const rest = invocationsQuery(filters, functionName, Date.now());
      return call(listInvocations({ client, query: { ...rest, ...page }, signal }));
    },
    getNextPageParam: ({ nextCursor }, pages) => (rowsOf(pages) < ROWS_MAX ? nextCursor : null),
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? [];
      const isRunning = pages.length === 1 && pages[0]?.items.some((item) => item.state === 'running');
      return isRunning ? RUNNING_MS : false;
    },
  });
  const pages = query.data?.pages ?? [];
  // Read while rendering: what is only read later is not watched, and `loadMore` would go by what was true long ago.
  const mayLoadMore = query.hasNextPage && !query.isFetching;
  const live = useActivity(functionName ?? (filters.function || null), () => {
    if (pages.length <= 1 && isAtTop()) void query.refetch();
    else setHasNews(true);
  });
  return {
    items: pages.flatMap((page) => page.items),
    isComplete: !query.hasNextPage && (pages.at(-1)?.nextCursor ?? null) === null,
    isFull: !query.hasNextPage && (pages.at(-1)?.nextCursor ?? null) !== null,
    isPending: query.isPending,
    error: query.error,
    live,
    hasNews,
    refetch: () => void query.refetch(),
    loadMore() {
      if (mayLoadMore) void query.fetchNextPage();
    },
    showNews() {
      setHasNews(false);
      queries.setQueryData<typeof query.data>(queryKey, (data) =>
        data === undefined ? data : { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
      );
      void query.refetch();
    },
  };
}

function rowsOf(pages: readonly Page[]): number {
  return pages.reduce((sum, { items }) => sum + items.length, 0);
}
