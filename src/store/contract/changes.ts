import type { WorkspaceId } from '../../domain/workspace-id.ts';

/** Rows that were made, changed or removed, of a kind that a server holds in memory. */
export const CHANGE_TOPICS = ['function', 'key', 'session', 'queue', 'schedule'] as const;
export type ChangeTopic = (typeof CHANGE_TOPICS)[number];

export interface NewChange {
  topic: ChangeTopic;
  workspaceId: WorkspaceId;
  /** Id of the row. Its state is read anew, so a change may be told twice and late. */
  id: string;
}

export interface Change extends NewChange {
  /** Rises in the order of commits, on every engine, because each writer takes it from one counter row until it commits. */
  seq: number;
}

export interface ChangesPage {
  /** In the order of commits. */
  changes: Change[];
  /** The number to go on asking from. */
  lastSeq: number;
  /** True when some changes after the asked one are no longer kept: the follower must read everything anew. */
  isGap: boolean;
}

/**
 * The change feed. A change is written in the transaction of the rows it names, so it becomes visible with them or not
 * at all. Only configuration goes through it, not uses of keys and not calls.
 */
export interface ChangesTable {
  /** Number of the newest change; 0 before the first. */
  lastSeq(): Promise<number>;
  since(seq: number): Promise<ChangesPage>;
}

/** Changes that are kept. A server that is further behind reads everything anew, which costs about as much. */
export const CHANGES_KEPT = 10_000;
/** Largest number of changes in one answer. */
export const CHANGES_PAGE = 500;
