import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { listIsolation, platform, pool } from '../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { IsolationStatus, Platform, PoolState } from '../../shared/api/types.ts';
import type { LiveState } from '../../shared/live/live-source.ts';
import { useLive } from '../../shared/live/use-live.ts';

const SETTLED_EVERY_MS = 10_000;
const MOVING_EVERY_MS = 2_000;
/** Two minutes of samples, one every two seconds. */
const SAMPLES_MAX = 60;

/** What the `host` topic carries; null where the host does not tell. */
export interface HostSample {
  at: string;
  cores: number;
  cpuShare: number | null;
  memoryTotalMib: number;
  memoryAvailableMib: number;
  serverMemoryMib: number;
}

export function usePlatformInfo() {
  return useQuery<Platform, ApiProblem>({
    queryKey: queryKeys.platform,
    queryFn: ({ signal }) => call(platform({ client, signal })),
    refetchInterval: ({ state }) => (state.data?.preparing.length ? MOVING_EVERY_MS : SETTLED_EVERY_MS),
  });
}

export function useIsolation() {
  return useQuery<IsolationStatus[], ApiProblem>({
    queryKey: queryKeys.isolation,
    queryFn: async ({ signal }) => (await call(listIsolation({ client, signal }))).items,
    refetchInterval: ({ state }) => (state.data?.some(isMoving) ? MOVING_EVERY_MS : SETTLED_EVERY_MS),
  });
}

function isMoving({ state }: IsolationStatus): boolean {
  return state === 'preparing' || state === 'unprobed' || state === 'probing';
}

export interface LivePlatform {
  pool: PoolState | undefined;
  error: ApiProblem | null;
  /** Oldest first; empty until the first has come. */
  samples: readonly HostSample[];
  liveState: LiveState;
}

/** Read once, then told of every change. */
export function useLivePlatform(): LivePlatform {
  const queries = useQueryClient();
  const [samples, setSamples] = useState<readonly HostSample[]>([]);
  const { data, error } = useQuery<PoolState, ApiProblem>({
    queryKey: queryKeys.pool,
    queryFn: ({ signal }) => call(pool({ client, signal })),
  });
  const liveState = useLive('/api/v1/live?topics=pool,host', {
    on: {
      pool: (snapshot: PoolState) => queries.setQueryData(queryKeys.pool, snapshot),
      host: (sample: HostSample) => setSamples((earlier) => [...earlier.slice(1 - SAMPLES_MAX), sample]),
    },
    onGap: () => void queries.invalidateQueries({ queryKey: queryKeys.pool }),
  });
  return { pool: data, error, samples, liveState };
}
