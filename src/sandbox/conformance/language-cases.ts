import { expect } from 'vitest';
import { type ConformanceCase, NODE, running } from './conformance-case.ts';
import { call } from './sandbox-rig.ts';

/** What functions of one language find as they find it on Lambda; docs/lambda-differences.md tells what stays different. */
export const LanguageCases: ConformanceCase[] = [
  {
    name: 'node-completion',
    guarantee: 'the first completion wins, and what a callback handler returns is no result unless it is a promise',
    languages: NODE,
    async run(bench) {
      const byCallback = await running(bench, 'completions', { handler: 'index.byCallback' });
      const byContext = await running(bench, 'completions', { handler: 'index.byContext' });
      // Twice in one sandbox: what completes late must not become the answer of the next call.
      for (const [how, result] of [...COMPLETIONS, ...COMPLETIONS])
        expect((await call(byCallback, { how })).reply, how).toMatchObject(result);
      for (const how of ['false', 'timer', 'late error', 'none'])
        expect((await call(byContext, { how })).reply, how).toMatchObject(COMPLETIONS.get(how)!);
      const plain = await running(bench, 'completions', { handler: 'index.byResult' });
      expect((await call(plain, {})).value).toBe('returned');
      expect((await call(plain, { how: 'timer' })).value).toBe(null);
    },
  },
  {
    name: 'node-never-settled',
    guarantee: 'a promise that nothing can settle any more is Runtime.NodeJsExit at once, and the sandbox serves on',
    languages: NODE,
    async run(bench) {
      const sandbox = await running(bench, 'never-settles');
      for (const _call of ['first', 'second']) {
        const { reply } = await call(sandbox, {}, { timeoutMs: 20_000 });
        expect(reply).toMatchObject({ kind: 'error', error: { errorType: 'Runtime.NodeJsExit' } });
      }
    },
  },
];

const FIRST = { kind: 'result', body: Buffer.from('"first"') };
const COMPLETIONS = new Map<string, object>([
  ['false', FIRST],
  ['timer', FIRST],
  ['late error', { kind: 'error', error: { errorType: 'RangeError', errorMessage: 'late' } }],
  ['throws after', FIRST],
  ['fails after', FIRST],
  ['promise after', FIRST],
  ['promise before', FIRST],
  ['rejects after', FIRST],
  ['none', { kind: 'result', body: Buffer.from('null') }],
]);
