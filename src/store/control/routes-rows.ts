import type { WorkspaceId } from '../../domain/workspace-id.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { Write } from './statements.ts';

/**
 * Makes these the routes of a function. One function of the whole server answers a route, whoever deploys it, so the
 * key is unique over all workspaces. Throws `invalid_settings`, which names the first taken route by its place in the
 * settings.
 */
export async function claimRoutes(
  tx: Write,
  workspaceId: WorkspaceId,
  functionId: string,
  routeKeys: readonly string[],
): Promise<void> {
  await tx.db
    .deleteFrom('routes')
    .where('workspace_id', '=', workspaceId)
    .where('function_id', '=', functionId)
    .execute();
  for (const [index, route_key] of routeKeys.entries()) {
    try {
      await tx.db
        .insertInto('routes')
        .values({ route_key, workspace_id: workspaceId, function_id: functionId })
        .execute();
    } catch (error) {
      if (!tx.isUniqueViolation(error)) throw error;
      const errors = [{ path: `/routes/${index}`, message: 'another function answers this route' }];
      throw new ColdframeError('invalid_settings', { errors, cause: error });
    }
  }
}
