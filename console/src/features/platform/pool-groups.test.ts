import { expect, it } from 'vitest';
import type { PoolState } from '../../shared/api/types.ts';
import { groupPool } from './pool-groups.ts';

const sandbox = (isolation: string, runtime: string, functionName: string | null, inFlight = 0, state = 'ready') =>
  ({ isolation, runtime, functionName, inFlight, state, memoryMib: 128 }) as PoolState['sandboxes'][number];

it('counts ready, bound, busy and paused by isolation and runtime', () => {
  const sandboxes = [
    sandbox('docker', 'python3.11', null),
    sandbox('docker', 'nodejs24', 'a', 2, 'busy'),
    sandbox('docker', 'nodejs24', 'b', 0, 'paused'),
    sandbox('bubblewrap', 'nodejs24', null),
  ];
  expect(groupPool({ sandboxes })).toEqual([
    { isolation: 'bubblewrap', runtime: 'nodejs24', ready: 1, bound: 0, busy: 0, paused: 0, memoryMib: 128 },
    { isolation: 'docker', runtime: 'nodejs24', ready: 0, bound: 2, busy: 1, paused: 1, memoryMib: 256 },
    { isolation: 'docker', runtime: 'python3.11', ready: 1, bound: 0, busy: 0, paused: 0, memoryMib: 128 },
  ]);
});
