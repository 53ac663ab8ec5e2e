import type { WorkspaceId } from './workspace-id.ts';

/** The one workspace every server has. */
export const DEFAULT_WORKSPACE = 'default' as WorkspaceId;
