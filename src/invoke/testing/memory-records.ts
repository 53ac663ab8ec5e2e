import type { InvocationRecord } from '../../domain/invocation.ts';
import type { Payloads, Records } from '../../records/records.ts';

type Refusal = Parameters<Records['refused']>[0];

/** Records in memory, which insist on their contract: begun before ended, ended once, a refusal never stored. */
export class MemoryRecords implements Records {
  accepting = true;
  readonly running = new Map<string, InvocationRecord>();
  readonly ended = new Map<string, { record: InvocationRecord; payloads: Payloads }>();
  readonly refusals = new Map<string, Refusal>();
  /** Broken promises; a test ends with none. */
  readonly faults: string[] = [];

  began(record: InvocationRecord): void {
    if (this.running.has(record.id) || this.#hasEnded(record.id)) this.faults.push(`${record.id} began twice`);
    this.running.set(record.id, record);
  }

  finished(record: InvocationRecord, payloads: Payloads): void {
    if (this.running.get(record.id) !== record || this.#hasEnded(record.id))
      this.faults.push(`${record.id} ended again`);
    if (record.state !== 'finished' || record.attempts.length !== 1) this.faults.push(`${record.id} is incomplete`);
    this.running.delete(record.id);
    this.ended.set(record.id, { record, payloads });
  }

  refused(refusal: Refusal): void {
    if (this.#hasEnded(refusal.id)) this.faults.push(`${refusal.id} was refused after its end`);
    this.running.delete(refusal.id);
    this.refusals.set(refusal.id, refusal);
  }

  async get(workspaceId: string, id: string): Promise<InvocationRecord | null> {
    const record = this.running.get(id) ?? this.ended.get(id)?.record ?? null;
    return record?.workspaceId === workspaceId ? record : null;
  }

  async list(): ReturnType<Records['list']> {
    return { items: [...this.ended.values()].map(({ record }) => record), nextCursor: null };
  }

  async logs(): ReturnType<Records['logs']> {
    return { items: [], nextCursor: null };
  }

  async flush(): Promise<void> {}

  async stop(): Promise<void> {}

  #hasEnded(id: string): boolean {
    return this.ended.has(id) || this.refusals.has(id);
  }
}
