import type { FunctionRecord, FunctionSettings, PackageRef, Revision } from './function.ts';

/**
 * A revision with everything a sandbox needs, resolved from memory: what admission hands to the pool. Equal `key` means
 * equal code and settings; sandboxes bind to it.
 */
export interface RunnableRevision {
  key: string;
  workspaceId: string;
  functionId: string;
  functionName: string;
  /** `$LATEST` or a number. */
  version: string;
  functionArn: string;
  revision: Pick<Revision, 'id' | 'codeSha256' | 'isolation'>;
  settings: FunctionSettings;
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
