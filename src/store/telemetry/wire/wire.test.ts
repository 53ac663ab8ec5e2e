import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ISOLATIONS, MODES, OUTCOMES, STARTS, TRIGGERS } from '../../../domain/names.ts';
import { exampleAttempt, exampleRecord } from '../../testing/example-record.ts';
import { attemptOf, attemptText } from '../fields/attempt-text.ts';
import { packBatch } from './pack-batch.ts';
import { unpackBatch } from './unpack-batch.ts';

const text = fc.option(fc.string({ maxLength: 8 }));
const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
const attempt = fc
  .record({
    number: fc.nat(),
    sandboxId: text,
    code: text,
    outcome: fc.constantFrom(...OUTCOMES),
    start: fc.option(fc.constantFrom(...STARTS)),
    error: fc.option(
      fc.record({ errorType: fc.string(), errorMessage: fc.string(), stackTrace: fc.array(fc.string()) }),
    ),
    logs: fc.array(
      fc.record({ at: fc.string(), stream: fc.constantFrom('stdout' as const, 'stderr' as const), text: fc.string() }),
    ),
    logsTruncated: fc.boolean(),
    clientGone: fc.boolean(),
    pausedMs: number,
    hasReceipt: fc.boolean(),
    cpuMs: number,
    claimMs: number,
  })
  .map(({ hasReceipt, cpuMs, claimMs, ...fields }) => {
    const made = exampleAttempt(fields);
    const receipt = hasReceipt ? { ...made.receipt!, imageDigest: fields.code } : null;
    return { ...made, receipt, usage: { ...made.usage, cpuMs }, phases: { ...made.phases, claimMs } };
  });
const record = fc
  .record({
    id: fc.string(),
    functionName: fc.string(),
    mode: fc.constantFrom(...MODES),
    trigger: fc.constantFrom(...TRIGGERS),
    outcome: fc.option(fc.constantFrom(...OUTCOMES)),
    isolation: fc.option(fc.constantFrom(...ISOLATIONS)),
    finishedAt: text,
    durationMs: number,
    resultBytes: fc.option(fc.nat()),
    event: text,
    result: text,
    attempts: fc.array(attempt, { maxLength: 4 }),
  })
  .map(({ id, ...fields }) => exampleRecord(id, fields));

test('a batch arrives in the worker as it was, whatever texts, numbers and nulls it holds', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), (records) => {
      const packed = structuredClone(packBatch({ records, refusals: [] }));
      expect(unpackBatch(packed)).toEqual({ records, refusals: [] });
    }),
  );
});

test('an attempt reads back from its row as it was, but for the logs', () => {
  fc.assert(
    fc.property(attempt, (one) => {
      expect(attemptOf(attemptText(one))).toEqual({ ...one, logs: [] });
    }),
  );
});

test('what calls have in common crosses once', () => {
  const records = Array.from({ length: 100 }, (_, index) => exampleRecord(`id-${index}`));
  const { startedAt, attempts } = records[0]!;
  for (const one of records) Object.assign(one, { startedAt, finishedAt: startedAt, attempts });
  // Each has its id and its line of output to itself.
  expect(packBatch({ records, refusals: [] }).texts.length).toBeLessThan(200 + 30);
});
