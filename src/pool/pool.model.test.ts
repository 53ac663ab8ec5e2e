import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import type { MemoryModule } from '../sandbox/drivers/memory/memory-module.ts';
import { revisionOf, Testbed, until } from './testing/pool-testbed.ts';
import type { AcquireResult, Lease } from './types.ts';

const FUNCTIONS = ['a', 'b'];
const MAX_CONCURRENCY = 3;

type Step =
  | { do: 'acquire'; fn: number; revision: number; mode: 'warm' | 'wait' | 'brief' | 'exclusive' | 'leaves' }
  | { do: 'release'; at: number }
  | { do: 'kill'; at: number }
  | { do: 'change'; fn: number; revision: number }
  | { do: 'failCreates'; count: number }
  | { do: 'turn'; count: number };

const nat = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('acquire' as const), fn: nat, revision: nat, mode: mode() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), fn: nat, revision: nat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failCreates' as const), count: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('turn' as const), count: fc.integer({ min: 1, max: 8 }) }) },
);

function mode() {
  return fc.constantFrom('warm', 'warm', 'wait', 'wait', 'brief', 'exclusive', 'leaves' as const);
}

/** Says which code a sandbox really runs: the handler answers with the hash of its package. */
function codeOf(sha256: string): MemoryModule {
  return () => sha256;
}

/** Random use of a real pool over the guard, checked from outside after every step. */
class Model {
  readonly bed: Testbed;
  readonly held: { lease: Lease; target: RunnableRevision; exclusive: boolean }[] = [];
  asked = 0;
  answered = 0;
  failCreates = 0;

  constructor(concurrencyPerSandbox: number) {
    this.#concurrency = concurrencyPerSandbox;
    this.bed = new Testbed({
      resolve: ({ sha256 }) => codeOf(sha256),
      onCreate: () => {
        if (this.failCreates-- > 0) throw new Error('planned failure');
      },
      pool: { readyBaseline: 1, idleBudgetMib: 300, limitTotalMib: 128 * 12 },
    });
  }

  readonly #concurrency: number;

  target(fn: number, revision: number): RunnableRevision {
    const name = FUNCTIONS[fn]!;
    const settings = { maxConcurrency: MAX_CONCURRENCY, concurrencyPerSandbox: this.#concurrency };
    return revisionOf(name, `${name}-r${revision}`, settings);
  }

  async run(it: Step): Promise<void> {
    if (it.do === 'acquire') this.#acquire(this.target(it.fn, it.revision), it.mode);
    else if (it.do === 'release') this.held.splice(it.at % Math.max(1, this.held.length), 1)[0]?.lease.release();
    else if (it.do === 'kill') [...this.bed.driver.boxes.values()][it.at]?.kill();
    else if (it.do === 'failCreates') this.failCreates = it.count;
    else if (it.do === 'change') {
      const target = this.target(it.fn, it.revision);
      this.bed.setLive(target.functionId, [target]);
    } else for (let turn = 0; turn < it.count; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.check();
  }

  #acquire(target: RunnableRevision, mode: 'warm' | 'wait' | 'brief' | 'exclusive' | 'leaves'): void {
    const exclusive = mode === 'exclusive';
    if (mode === 'warm') {
      const lease = this.bed.pool.acquireWarm(target);
      if (lease) this.held.push({ lease, target, exclusive });
      return;
    }
    const leaving = new AbortController();
    this.asked++;
    let wasAnswered = false;
    const queueDeadlineMs = performance.now() + (mode === 'brief' ? 1 : 3_000);
    this.bed.pool.acquire(target, { queueDeadlineMs, signal: leaving.signal, exclusive }, (result: AcquireResult) => {
      expect(wasAnswered).toBe(false);
      wasAnswered = true;
      this.answered++;
      if (result.kind === 'lease') this.held.push({ lease: result.lease, target, exclusive });
    });
    if (mode === 'leaves') leaving.abort();
  }

  check(): void {
    const inSandbox = new Map<string, string>();
    const inFunction = new Map<string, number>();
    for (const { lease, target, exclusive } of this.held) {
      const of = `${target.functionId} ${target.key}`;
      expect(inSandbox.get(lease.sandbox.id) ?? of).toBe(of);
      inSandbox.set(lease.sandbox.id, of);
      if (!exclusive) inFunction.set(target.functionId, (inFunction.get(target.functionId) ?? 0) + 1);
    }
    for (const count of inFunction.values()) expect(count).toBeLessThanOrEqual(MAX_CONCURRENCY);
  }

  /** Runs the code of every held lease: what answers is the revision asked for. */
  async callAll(): Promise<void> {
    await Promise.all(this.held.map(({ lease, target }) => this.#call(lease, target)));
  }

  #call(lease: Lease, target: RunnableRevision): Promise<void> {
    if (!lease.sandbox.alive) return Promise.resolve();
    return new Promise((resolve, reject) => {
      lease.sandbox.invoke(
        {
          requestId: String(Math.random()),
          functionArn: target.functionArn,
          timeoutMs: 3_000,
          traceId: null,
          event: new Uint8Array(),
          stream: null,
        },
        (reply) => {
          if (reply.kind !== 'result') return;
          const ran = JSON.parse(Buffer.from(reply.body).toString());
          if (ran !== target.package.sha256) reject(new Error(`I3: ${ran} ran for ${target.package.sha256}`));
        },
        () => resolve(),
      );
    });
  }

  async finish(): Promise<void> {
    this.failCreates = 0;
    await this.callAll();
    await until(
      'an answer for every caller',
      () => {
        for (const { lease } of this.held.splice(0)) lease.release();
        return this.answered >= this.asked;
      },
      8_000,
    );
    // A release may have handed its slot straight to the last caller.
    for (const { lease } of this.held.splice(0)) lease.release();
    expect(this.answered).toBe(this.asked);
    const { pool, driver } = this.bed;
    await until('the dead gone', () =>
      pool.snapshot().sandboxes.every((it) => it.inFlight === 0 && it.state !== 'dead' && driver.boxes.has(it.id)),
    );
    await this.bed.stop();
  }
}

test('I3, I9: whatever the order of calls, deaths and deploys, no lease is of another revision, none beyond maxConcurrency, every caller is answered once and nothing leaks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 100 }), fc.constantFrom(1, 2), async (steps, slots) => {
      const model = new Model(slots);
      await model.bed.start();
      try {
        for (const it of steps) await model.run(it);
      } finally {
        await model.finish();
      }
    }),
    { numRuns: 150, endOnFailure: false },
  );
}, 60_000);
