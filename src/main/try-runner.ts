import type { Catalog } from '../catalog/catalog.ts';
import type { TryRunner } from '../http/deps.ts';
import { tryRequest } from '../invoke/try-request.ts';
import type { Invoker } from '../invoke/types.ts';

/** `try`: a draft revision that is never stored, in a sandbox of its own that is destroyed afterwards. */
export function createTryRunner({ catalog, invoker }: { catalog: Catalog; invoker: Invoker }): TryRunner {
  return {
    async run({ workspaceId, functionName, code, settings, event, clientGone, onBegun }) {
      const target = await catalog.draft(workspaceId, functionName, { code, settings });
      const request = tryRequest(target, event, clientGone);
      onBegun(request.id);
      return new Promise((resolve) => invoker.invoke(request, resolve));
    },
  };
}
