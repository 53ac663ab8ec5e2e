import { expect } from 'vitest';
import { type ConformanceCase, loadedFully, loadedWith, PYTHON, running, texts } from './conformance-case.ts';
import { call } from './sandbox-rig.ts';

/** What functions in Python find as they find it on Lambda. */
export const PythonCases: ConformanceCase[] = [
  {
    name: 'own-names',
    guarantee: 'modules named like the standard library’s give the same result whatever the start, stacks intact',
    languages: PYTHON,
    startsMatter: true,
    async run(bench) {
      for (const handler of ['index.handler', 'index.async_handler']) {
        const sandbox = await running(bench, 'shadows', { handler });
        expect((await call(sandbox, {})).value).toEqual({
          ...{ json: '[1]', types: true, weakref: true, logging: true, random: true },
          queue: true,
        });
        const { reply } = await call(sandbox, { fail: true });
        expect(reply).toMatchObject({ kind: 'error', error: { errorMessage: 'with its stack' } });
        expect(JSON.stringify(reply)).toContain('in fail');
      }
      // On Lambda, too, a handler module of such a name is not looked for in the package.
      const { load } = await loadedWith(bench, bench.code('shadows'), { settings: { handler: 'types.handler' } });
      expect(load).toMatchObject({ kind: 'loadError', error: { errorType: 'Runtime.HandlerNotFound' } });
    },
  },
  {
    name: 'logging-ready',
    guarantee: 'logging has its handler and request id before the function’s first line runs',
    languages: PYTHON,
    startsMatter: true,
    async run(bench) {
      const { sandbox, load } = await loadedFully(bench, 'logs-early');
      expect(texts(load.logs.lines)).toEqual([expect.stringMatching(/^\[WARNING\]\t\S+Z\t\twhile imported$/)]);
      const { settled, value } = await call(sandbox, { format: true }, { requestId: 'r-1' });
      expect(value).toBe(1);
      expect(texts(settled.logs.lines)).toEqual([
        expect.stringMatching(/^\[INFO\]\t\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z\tr-1\tcalled by r-1$/),
        'r-1 says in its own format',
      ]);
    },
  },
  {
    name: 'python-children',
    guarantee: 'multiprocessing works in all its ways, and a forked child’s end is its own',
    languages: PYTHON,
    async run(bench) {
      const sandbox = await running(bench, 'children', { timeoutMs: 20_000 });
      for (const how of ['spawn', 'forkserver', 'fork']) {
        expect((await call(sandbox, { how }, { timeoutMs: 20_000 })).value, how).toEqual([42, 0]);
      }
      for (const [how, exitCode] of Object.entries({ exits: 7, raises: 1, returns: 0 })) {
        expect((await call(sandbox, { how }, { timeoutMs: 20_000 })).value, how).toBe(exitCode);
      }
      expect(sandbox.state).toBe('loaded');
    },
  },
  {
    name: 'python-results',
    guarantee: 'results are encoded as Lambda’s client encodes them',
    languages: PYTHON,
    async run(bench) {
      const sandbox = await running(bench, 'encodes');
      const text = async (how: string): Promise<unknown> => {
        const { reply } = await call(sandbox, { how });
        return reply.kind === 'result' ? Buffer.from(reply.body).toString('utf8') : reply;
      };
      expect(await text('decimal')).toBe('{"price": 1.50, "large": 1E+2}');
      expect(await text('not finite')).toBe('[Infinity, -Infinity, NaN, NaN]');
      expect(await text('named tuple')).toBe('{"points": [{"x": 1, "y": {"x": 2, "y": 3}}], "tuple": [1, 2]}');
      expect(JSON.parse(String(await text('bytes')))).toEqual({ name: 'é', key: 1 });
      const keepsUnicode = !sandbox.spec.runtime.endsWith('3.11');
      expect(await text('unicode')).toBe(keepsUnicode ? '"é\u2028 \u{1f600}"' : '"\\u00e9\\u2028 \\ud83d\\ude00"');
      expect(await text('not text')).toMatchObject({ kind: 'error', error: { errorType: 'Runtime.MarshalError' } });
    },
  },
];
