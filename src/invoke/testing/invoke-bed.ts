import type { RunnableRevision } from '../../domain/runnable-revision.ts';
import { Testbed, type TestbedOptions, until } from '../../pool/testing/pool-testbed.ts';
import type { MemoryCall } from '../../sandbox/drivers/memory/memory-module.ts';
import { createInvoker } from '../invoke.ts';
import type { InvokeRequest, InvokeResult, Invoker, KeptAttempts } from '../types.ts';
import { actingModule } from './acting-module.ts';
import { DyingPool } from './dying-pool.ts';
import { MemoryRecords } from './memory-records.ts';

/** The real invoker over the real pool, the real guard and the memory driver; records in memory. */
export class InvokeBed {
  readonly bed: Testbed;
  readonly pool: DyingPool;
  readonly records = new MemoryRecords();
  readonly invoker: Invoker & KeptAttempts;
  /** Calls left open by the script `park`, by request id. */
  readonly parked = new Map<string, MemoryCall>();
  readonly answers = new Map<string, InvokeResult[]>();
  #ids = 0;

  constructor(options: TestbedOptions = {}) {
    this.bed = new Testbed({ resolve: ({ sha256 }) => actingModule(sha256, this.parked), ...options });
    this.pool = new DyingPool(this.bed.pool, (id) => {
      this.bed.driver.boxes.get(id)?.end({ cause: 'signal', exitCode: null, signal: 'SIGKILL' });
    });
    this.invoker = createInvoker({ pool: this.pool, records: this.records });
  }

  async start(): Promise<this> {
    await this.bed.start();
    return this;
  }

  request(target: RunnableRevision, event: string | Uint8Array, more: Partial<InvokeRequest> = {}): InvokeRequest {
    return {
      id: `call-${++this.#ids}`,
      target,
      mode: 'sync',
      trigger: 'api',
      event: typeof event === 'string' ? Buffer.from(event) : event,
      traceId: null,
      minIsolation: null,
      stream: null,
      clientGone: null,
      receivedAtMs: performance.now(),
      ...more,
    };
  }

  send(request: InvokeRequest): Promise<InvokeResult> {
    this.bed.announceOnce(request.target);
    const results: InvokeResult[] = [];
    this.answers.set(request.id, results);
    return new Promise((resolve) => {
      this.invoker.invoke(request, (result) => {
        results.push(result);
        resolve(result);
      });
    });
  }

  call(target: RunnableRevision, event: string | Uint8Array, more: Partial<InvokeRequest> = {}): Promise<InvokeResult> {
    return this.send(this.request(target, event, more));
  }

  /** Sends a call that its handler leaves open, and waits until it runs. */
  async park(
    target: RunnableRevision,
    more: Partial<InvokeRequest> = {},
  ): Promise<{ id: string; answer: Promise<InvokeResult>; call: MemoryCall }> {
    const request = this.request(target, 'park', more);
    const answer = this.send(request);
    await until('parked', () => this.parked.has(request.id));
    return { id: request.id, answer, call: this.parked.get(request.id)! };
  }

  /** Ends all, and proves the law of every call: one answer, one record or counter, nothing left running. */
  async stop(): Promise<void> {
    const faults = this.records.faults;
    await until('nothing in flight', () => this.invoker.inFlight === 0);
    for (const [id, results] of this.answers) {
      if (results.length !== 1) faults.push(`${id} was answered ${results.length} times`);
      const recorded = this.records.stored.get(id)?.record.outcome ?? this.records.refusals.get(id)?.outcome;
      if (recorded !== results[0]?.outcome) faults.push(`${id} is ${results[0]?.outcome}, recorded ${recorded}`);
    }
    if (this.records.running.size > 0) faults.push(`${this.records.running.size} records still running`);
    await this.bed.stop();
    if (faults.length > 0) throw new Error(faults.join('; '));
  }
}
