import type { Catalog } from '../catalog/catalog.ts';
import type { TryRunner } from '../http/deps.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { Invoker } from '../invoke/types.ts';

/** `try`: a draft revision that is never stored, in a sandbox of its own that is destroyed afterwards. */
export function createTryRunner({ catalog, invoker }: { catalog: Catalog; invoker: Invoker }): TryRunner {
  return {
    async run({ workspaceId, functionName, code, settings, event }) {
      const target = await catalog.draft(workspaceId, functionName, { code, settings });
      return new Promise((resolve) => {
        const request = {
          id: uuid7(),
          target,
          mode: 'sync',
          trigger: 'try',
          event,
          traceId: null,
          minIsolation: null,
          stream: null,
          clientGone: null,
          receivedAtMs: performance.now(),
        } as const;
        invoker.invoke(request, resolve);
      });
    },
  };
}
