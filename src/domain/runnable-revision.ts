import type { FunctionRecord, PackageRef, Revision } from './function.ts';
import type { FunctionSettings, RevisionSettings } from './settings.ts';

/**
 * A revision with everything a call of it needs, resolved from memory: what admission hands to the pool. It stays as it was
 * for whoever holds it, whatever is deployed meanwhile.
 */
export interface RunnableRevision {
  /**
   * Sandboxes bind to it: equal keys of one function may share one. It names the revision and the version label, because the
   * label is told to the code when it loads. Opaque to everybody but the catalog.
   */
  key: string;
  workspaceId: string;
  functionId: string;
  functionName: string;
  /** `$LATEST` or a number. */
  version: string;
  functionArn: string;
  revision: Pick<Revision, 'id' | 'codeSha256' | 'isolation'>;
  settings: RevisionSettings;
  /** The function's own, as they were when the call was resolved. */
  functionSettings: FunctionSettings;
  /** Decrypted environment; kept in memory only. */
  env: Record<string, string>;
  package: PackageRef;
}

/** Where the memory view of the catalog is asked, synchronously: no disk on the invocation path. */
export interface InvokeCatalog {
  /** `ref` is `name` or `name:{version, alias or $LATEST}`. Throws `function_not_found`, `version_not_found`, `function_not_ready`. */
  resolve(workspaceId: string, ref: string): RunnableRevision;
  byId(functionId: string): FunctionRecord | null;
}
