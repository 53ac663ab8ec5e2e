import type { Scope } from '../domain/names.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';

/** Who a request speaks for. */
export interface Principal {
  workspaceId: WorkspaceId;
  /** Scopes with all that they include: a scope is held when it is in the list. */
  scopes: readonly Scope[];
  /** `admin` for the installation's own key. Null for a session opened by a sign-in link. */
  keyId: string | null;
  /** Null for a request with a key. */
  sessionId: string | null;
}
