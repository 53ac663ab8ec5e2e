import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunnableRevision } from '../domain/runnable-revision.ts';
import { revisionOf } from '../pool/testing/pool-testbed.ts';
import { InvokeBed } from './testing/invoke-bed.ts';
import type { InvokeResult } from './types.ts';

const SCRIPTS = [
  'ok',
  'ok',
  'ok',
  'park',
  'park',
  'quit',
  'hang',
  'throw',
  'oom',
  'exit',
  'violate',
  'claimsExit',
] as const;
const LOADS = ['', '', '', '', 'throw', 'exit'] as const;

type Step =
  | { do: 'call'; fn: number; revision: number; script: (typeof SCRIPTS)[number]; isTry: boolean; isBrief: boolean }
  | { do: 'cancel'; at: number }
  | { do: 'leave'; at: number }
  | { do: 'answer'; at: number }
  | { do: 'kill'; at: number }
  | { do: 'deploy'; fn: number; revision: number }
  | { do: 'failCreates'; count: number }
  | { do: 'deaths'; count: number }
  | { do: 'turn'; count: number };

const bit = fc.nat({ max: 1 });
const few = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      fn: bit,
      revision: bit,
      script: fc.constantFrom(...SCRIPTS),
      isTry: fc.constantFrom(false, false, false, true),
      isBrief: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom('cancel' as const, 'cancel' as const, 'leave' as const, 'answer' as const, 'kill' as const),
      at: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deploy' as const), fn: bit, revision: bit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('failCreates' as const, 'deaths' as const), count: few }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('turn' as const), count: fc.integer({ min: 1, max: 8 }) }) },
);

interface Sent {
  id: string;
  target: RunnableRevision;
  leaving: AbortController;
  answer: Promise<InvokeResult>;
  /** The cancel call was told that it ends. */
  wasCancelled: boolean;
}

/** Random use of the real invoker, pool and guard; the bed itself proves one answer and one record of each call. */
class Model {
  readonly bed: InvokeBed;
  readonly sent: Sent[] = [];
  readonly #load: string;
  readonly #slots: number;
  #failCreates = 0;

  constructor(load: string, slots: number) {
    this.#load = load;
    this.#slots = slots;
    this.bed = new InvokeBed({
      onCreate: () => {
        if (this.#failCreates-- > 0) throw new Error('planned failure');
      },
      pool: { readyBaseline: 1, idleBudgetMib: 300, limitTotalMib: 128 * 12 },
    });
  }

  #target(fn: number, revision: number, queueTimeoutMs: number): RunnableRevision {
    const name = ['a', 'b'][fn]!;
    const settings = { maxConcurrency: 3, concurrencyPerSandbox: this.#slots, timeoutMs: 30, queueTimeoutMs };
    return revisionOf(name, `${name}-r${revision}`, settings, { LOAD: this.#load });
  }

  async run(it: Step): Promise<void> {
    if (it.do === 'call') this.#call(it);
    else if (it.do === 'cancel') this.#cancel(this.#pick(it.at));
    else if (it.do === 'leave') this.#pick(it.at)?.leaving.abort();
    else if (it.do === 'answer') [...this.bed.parked.values()][it.at]?.reply(Buffer.from('null'));
    else if (it.do === 'kill') [...this.bed.bed.driver.boxes.values()][it.at]?.kill();
    else if (it.do === 'deploy') this.bed.bed.setLive(`id-${'ab'[it.fn]}`, [this.#target(it.fn, it.revision, 1)]);
    else if (it.do === 'failCreates') this.#failCreates = it.count;
    else if (it.do === 'deaths') this.bed.pool.deaths = it.count;
    else for (let turn = 0; turn < it.count; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  #call(it: Extract<Step, { do: 'call' }>): void {
    const target = this.#target(it.fn, it.revision, it.isBrief ? 1 : 3_000);
    const leaving = new AbortController();
    const trigger = it.isTry ? 'try' : 'api';
    const request = this.bed.request(target, it.script, { clientGone: leaving.signal, trigger });
    const answer = this.bed.send(request);
    this.sent.push({ id: request.id, target, leaving, answer, wasCancelled: false });
  }

  /** Newest first, so that small numbers hit calls that still run. */
  #pick(at: number): Sent | undefined {
    return this.sent[this.sent.length - 1 - at];
  }

  #cancel(sent: Sent | undefined): void {
    if (sent === undefined) return;
    const hadAnswer = this.bed.answers.get(sent.id)!.length > 0;
    const isTaken = this.bed.invoker.cancel('w1', sent.id);
    sent.wasCancelled ||= isTaken;
    expect(isTaken, 'every call without an answer can be cancelled, and no other').toBe(!hadAnswer);
  }

  async finish(): Promise<void> {
    this.#failCreates = 0;
    this.bed.pool.deaths = 0;
    for (const sent of this.sent) await this.#check(sent);
    await this.bed.stop();
  }

  async #check({ target, answer, leaving, wasCancelled }: Sent): Promise<void> {
    const result = await answer;
    const record = await result.record;
    expect(record.outcome).toBe(result.outcome);
    const text = result.body === null ? null : Buffer.from(result.body).toString();
    if (text !== null && text !== 'null') expect(JSON.parse(text), 'I3').toBe(target.package.sha256);
    if (result.outcome === 'ok') expect(result.isolation).toBe('process');
    else expect(result.code).not.toBeNull();
    if (result.outcome === 'cancelled') expect(wasCancelled || leaving.signal.aborted).toBe(true);
  }
}

test('I1, I3, I8: whatever the order of calls, cancels, leavers, deaths and deploys, each call has one answer and one record, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.constantFrom(...LOADS),
      fc.constantFrom(1, 2),
      async (steps, load, slots) => {
        const model = new Model(load, slots);
        await model.bed.start();
        try {
          for (const it of steps) await model.run(it);
        } finally {
          await model.finish();
        }
      },
    ),
    { numRuns: 60, endOnFailure: false },
  );
}, 60_000);
