import type { InvocationRecord } from '../../domain/invocation.ts';
import type { Payloads, Records, Refusal } from '../../records/records.ts';

/** Records in memory, which insist on their contract: begun before ended, ended once, a refusal never stored. */
export class MemoryRecords implements Records {
  accepting = true;
  readonly running = new Map<string, InvocationRecord>();
  readonly stored = new Map<string, { record: InvocationRecord; payloads: Payloads }>();
  /** By id and number. */
  readonly attempts = new Map<string, InvocationRecord>();
  readonly withdrawals: string[] = [];
  readonly refusals = new Map<string, Refusal>();
  /** Broken promises; a test ends with none. */
  readonly faults: string[] = [];

  began(record: InvocationRecord): void {
    if (this.running.has(record.id) || this.#hasEnded(record.id)) this.faults.push(`${record.id} began twice`);
    this.running.set(record.id, record);
  }

  ended(record: InvocationRecord, payloads: Payloads): void {
    const { id, state, outcome, attempts } = record;
    if (this.running.get(id) !== record) this.faults.push(`${id} ended, but did not run`);
    const isOver = state === 'finished' || state === 'dead';
    if (isOver !== (outcome !== null) || isOver !== (record.finishedAt !== null) || attempts.length !== 1)
      this.faults.push(`${id} is incomplete`);
    const key = `${id} ${attempts[0]?.number}`;
    if (this.attempts.has(key)) this.faults.push(`${key} ended again`);
    this.attempts.set(key, record);
    this.running.delete(id);
    this.stored.set(id, { record, payloads });
  }

  withdrawn(record: InvocationRecord): void {
    if (this.running.get(record.id) !== record || record.attempts.length > 0 || record.state !== 'queued')
      this.faults.push(`${record.id} was withdrawn, but did not wait`);
    this.running.delete(record.id);
    this.withdrawals.push(record.id);
  }

  refused(refusal: Refusal): void {
    if (this.#hasEnded(refusal.id)) this.faults.push(`${refusal.id} was refused after its end`);
    this.running.delete(refusal.id);
    this.refusals.set(refusal.id, refusal);
  }

  async get(workspaceId: string, id: string): Promise<InvocationRecord | null> {
    const record = this.running.get(id) ?? this.stored.get(id)?.record ?? null;
    return record?.workspaceId === workspaceId ? record : null;
  }

  async list(): ReturnType<Records['list']> {
    return { items: [...this.stored.values()].map(({ record }) => record), nextCursor: null };
  }

  async logs(): ReturnType<Records['logs']> {
    return { items: [], nextCursor: null };
  }

  async flush(): Promise<void> {}

  async stop(): Promise<void> {}

  /** What is over never begins again; what is to be tried again may. */
  #hasEnded(id: string): boolean {
    const state = this.stored.get(id)?.record.state;
    return state === 'finished' || state === 'dead' || this.refusals.has(id);
  }
}
