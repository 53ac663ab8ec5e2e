import type { WorkspaceId } from '../../domain/workspace-id.ts';

/** What a server holds in memory and must hear of: rows that were made, changed or removed. */
export const CHANGE_TOPICS = ['function', 'key', 'session'] as const;
export type ChangeTopic = (typeof CHANGE_TOPICS)[number];

export interface NewChange {
  topic: ChangeTopic;
  workspaceId: WorkspaceId;
  /** Id of the row. Its state is read anew, so that changes may be told twice and out of date. */
  id: string;
}

export interface Change extends NewChange {
  /** Rises in the order of commits, on every engine, because each writer takes it from one counter row until it commits. */
  seq: number;
}

export interface ChangesPage {
  /** In the order of commits. */
  changes: Change[];
  /** Where to ask on from. */
  lastSeq: number;
  /** Some changes after the asked one are kept no more: whoever follows must read everything anew. */
  isGap: boolean;
}

/**
 * The change feed. A change is written in the transaction of the rows it speaks of, so it is seen with them or not at all.
 * Configuration alone goes through it: neither uses of keys nor calls.
 */
export interface ChangesTable {
  /** Number of the newest change; 0 before the first. */
  lastSeq(): Promise<number>;
  since(seq: number): Promise<ChangesPage>;
}

/** Changes that are kept; who is further behind reads everything anew, which costs about as much. */
export const CHANGES_KEPT = 10_000;
/** Changes in one answer. */
export const CHANGES_PAGE = 500;
