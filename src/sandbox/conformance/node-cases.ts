import { expect } from 'vitest';
import { type ConformanceCase, NODE, running } from './conformance-case.ts';
import { call } from './sandbox-rig.ts';

/** What functions in Node find as they find it on Lambda. */
export const NodeCases: ConformanceCase[] = [
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
  {
    name: 'handler-in-package',
    guarantee: 'a handler in a package of node_modules is found as Node finds it',
    languages: NODE,
    async run(bench) {
      const code = bench.source({
        'index.mjs': '',
        'node_modules/main/package.json': '{"main":"lib/start.js"}',
        'node_modules/main/lib/start.js': 'exports.handler = () => "main";',
        'node_modules/main/lib/app.js': 'exports.handler = () => "file";',
        'node_modules/@scope/esm/package.json': '{"type":"module","exports":{"./app":{"import":"./dist/app.js"}}}',
        'node_modules/@scope/esm/dist/app.js': 'export const handler = () => "exported";',
      });
      const found = { 'main.handler': 'main', 'main/lib/app.handler': 'file', '@scope/esm/app.handler': 'exported' };
      for (const [handler, value] of Object.entries({ ...found, 'node_modules/main/lib/app.handler': 'file' })) {
        expect((await call(await running(bench, code, { handler }), {})).value, handler).toBe(value);
      }
    },
  },
  {
    name: 'own-packages',
    guarantee: 'packages named like Node’s modules give the same result whatever the start',
    languages: NODE,
    startsMatter: true,
    async run(bench) {
      const names = ['fs', 'events', 'buffer', 'string_decoder'];
      const code = bench.source({
        'index.mjs': `import fs from 'fs'; import { EventEmitter } from 'events'; import { Buffer } from 'buffer'; import { createRequire } from 'module';
const own = createRequire(import.meta.url)('string_decoder/');
export const handler = () => [typeof fs.readFileSync, typeof EventEmitter, typeof Buffer.from, own.OWN];`,
        ...Object.fromEntries(names.map((name) => [`node_modules/${name}/index.js`, 'exports.OWN = true;'])),
      });
      const sandbox = await running(bench, code);
      expect((await call(sandbox, {})).value).toEqual(['function', 'function', 'function', true]);
    },
  },
  {
    name: 'changed-language',
    guarantee: 'a function that replaces what Node gives to everybody is answered as ever whatever the start',
    languages: NODE,
    async run(bench) {
      const sandbox = await running(bench, 'changes-language');
      expect((await call(sandbox, {})).value).toEqual({ answered: true });
      const { reply } = await call(sandbox, { fail: true });
      expect(reply).toMatchObject({ kind: 'error', error: { errorType: 'RangeError' } });
      expect(JSON.stringify(reply)).toContain('/var/task/index.mjs');
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
