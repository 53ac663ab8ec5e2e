import type { TestEventView } from '../../catalog/test-events.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { HttpDeps } from '../deps.ts';

export function fakeTestEvents(): HttpDeps['testEvents'] {
  const events = new Map<string, TestEventView>();
  return {
    list: async () => [...events.values()],
    async get(_workspaceId, _functionName, name) {
      const found = events.get(name);
      if (!found) throw new ColdframeError('test_event_not_found');
      return found;
    },
    async put(_workspaceId, _functionName, name, event) {
      const created = !events.has(name);
      events.set(name, { name, event, updatedAt: '2026-01-01T00:00:00.000Z' });
      return { created };
    },
    async remove(_workspaceId, _functionName, name) {
      if (!events.delete(name)) throw new ColdframeError('test_event_not_found');
    },
  };
}
