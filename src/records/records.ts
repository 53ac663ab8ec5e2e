import type { InvocationRecord, LogLine } from '../domain/invocation.ts';
import type { Isolation } from '../domain/names.ts';
import type { InvocationQuery } from '../store/telemetry-store.ts';

/** The way into telemetry: synchronous, bounded, after the reply has left. Unflushed records are readable from memory. */
export interface Records {
  /** False when the queue (20,000 rows) is full: admission then refuses with `records_backlog`. */
  readonly accepting: boolean;
  /** A call began: shown as running in the live feed and by `get`, not yet stored. */
  began(record: InvocationRecord): void;
  /** A call ended; at most once per id. */
  finished(record: InvocationRecord): void;
  refused(refusal: {
    workspaceId: string;
    functionId: string;
    isolation: Isolation | null;
    outcome: 'throttled' | 'rejected';
  }): void;
  /** Memory first (running and unflushed), then the store. */
  get(workspaceId: string, id: string): Promise<InvocationRecord | null>;
  list(query: InvocationQuery): Promise<{ items: InvocationRecord[]; nextCursor: string | null }>;
  /** Writes everything queued; a graceful stop waits for it. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** What the live feed carries; ids rise by one, the buffer is bounded. */
export type LiveEvent =
  | { topic: 'invocations'; kind: 'began' | 'finished'; record: InvocationRecord }
  | { topic: 'logs'; functionId: string; invocationId: string; lines: LogLine[] }
  | { topic: 'pool' | 'host'; data: Record<string, unknown> };
