import type { Comparison } from '../../domain/comparison.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { ComparisonOperations, HttpDeps } from '../deps.ts';

export interface FakeComparisons extends ComparisonOperations {
  started: Parameters<ComparisonOperations['start']>[2][];
}

/** One runs at a time; `finish` is what a test does to `state` by hand. */
export function fakeComparisons(): FakeComparisons & HttpDeps['comparisons'] {
  const kept = new Map<string, Comparison>();
  const started: FakeComparisons['started'] = [];
  const find = (id: string): Comparison => {
    const found = kept.get(id);
    if (!found) throw new ColdframeError('comparison_not_found');
    return found;
  };
  return {
    started,
    async start(workspaceId, functionName, request) {
      if ([...kept.values()].some(({ state }) => state === 'running')) throw new ColdframeError('comparison_running');
      started.push(request);
      const comparison = example(`c${kept.size + 1}`, workspaceId, functionName);
      kept.set(comparison.id, comparison);
      return comparison;
    },
    get: async (_workspaceId, id) => find(id),
    list: async () => ({ items: [...kept.values()].reverse(), nextCursor: null }),
    async cancel(_workspaceId, id) {
      const comparison = find(id);
      if (comparison.state !== 'running') throw new ColdframeError('comparison_finished');
      comparison.state = 'cancelled';
    },
  };
}

function example(id: string, workspaceId: string, functionName: string): Comparison {
  const nothing = { driver: null, fence: null, enforced: null, failure: null };
  const figures = { p50Ms: 12.5, p95Ms: 20, p99Ms: 20.25, cpuMs: null, maxMemoryMib: 31.2 };
  return {
    id,
    workspaceId,
    functionId: `id-${functionName}`,
    functionName,
    revisionId: 'r1',
    runtime: 'nodejs24',
    state: 'running',
    count: 2,
    timeLimitMs: 120_000,
    callsDone: 3,
    callsTotal: 6,
    createdAt: '2026-01-01T00:00:00.000Z',
    finishedAt: null,
    isolations: [
      {
        isolation: 'process',
        state: 'skipped',
        reason: 'It fences nothing, "so" it is skipped.',
        starts: [],
        ...nothing,
      },
      {
        ...nothing,
        isolation: 'bubblewrap',
        state: 'running',
        reason: null,
        starts: [{ start: 'cold', calls: 2, failed: 0, ...figures }],
      },
    ],
  };
}
