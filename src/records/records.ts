import type { Asker } from '../domain/asker.ts';
import type { InvocationRecord, LogLine } from '../domain/invocation.ts';
import type { Capture, Isolation } from '../domain/names.ts';
import type { InvocationQuery, LogQuery, StoredLogLine } from '../store/telemetry-store.ts';

/** The way into telemetry: synchronous, bounded, after the reply has left. Unflushed records are readable from memory. */
export interface Records {
  /** False when the queue (20,000 rows) is full: admission then refuses with `records_backlog`. */
  readonly accepting: boolean;
  /**
   * An attempt began: the live feed and `get` show its invocation as running. What waits for its turn is never told
   * here.
   */
  began(record: InvocationRecord): void;
  /**
   * An attempt ended: the record has it, and the state its invocation is in now. Each is stored and counted once, by the id
   * and its number. The payloads' bytes are kept as they are until the next flush, and only then, off the invocation path,
   * captured (policy, 64 KiB cap, redaction) as `event` and `result` of what is stored and read.
   */
  ended(record: InvocationRecord, payloads: Payloads): void;
  /**
   * What had begun did not run after all and waits again. It leaves the running ones, and is neither stored nor
   * counted.
   */
  withdrawn(record: InvocationRecord): void;
  /** Throttled or rejected: a counter, not a record; `id` leaves the running ones if it was there. */
  refused(refusal: Refusal): void;
  /** Looks first in memory (running and unflushed), then in the store. What is said of askers there holds here. */
  get(workspaceId: string, id: string, asker?: Asker): Promise<InvocationRecord | null>;
  list(query: InvocationQuery, asker?: Asker): Promise<{ items: InvocationRecord[]; nextCursor: string | null }>;
  /** Newest line first. Includes the output of calls that ended before the question, whether queued or stored. */
  logs(query: LogQuery, asker?: Asker): Promise<{ items: StoredLogLine[]; nextCursor: string | null }>;
  /** Writes everything queued; a graceful stop waits for it. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export interface Refusal {
  id: string;
  workspaceId: string;
  functionId: string;
  isolation: Isolation | null;
  outcome: 'throttled' | 'rejected';
}

/** What a call carried, for capture at flush time. */
export interface Payloads {
  event: Uint8Array;
  /** Null when there was no result or the result was streamed. */
  result: Uint8Array | null;
  capture: Capture;
}

/** What the live feed carries; ids rise by one, the buffer is bounded. Records come without logs and captured bodies. */
export type LiveEvent =
  | { topic: 'invocations'; kind: 'began' | 'finished'; record: InvocationRecord }
  | {
      topic: 'logs';
      workspaceId: string;
      functionId: string;
      functionName: string;
      invocationId: string;
      lines: LogLine[];
    }
  | { topic: 'pool' | 'host'; data: Record<string, unknown> };
