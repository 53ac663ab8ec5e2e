import { expect } from 'vitest';
import type { Crash } from '../../contract/sandbox.ts';
import { BOTH, type ConformanceCase, loadedWith, NODE, PYTHON, running } from './conformance-case.ts';
import { underEveryStart } from './every-start.ts';
import { call, until } from './sandbox-rig.ts';

const texts = (lines: { text: string }[]): string[] => lines.map((line) => line.text);

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
    name: 'exit-status',
    guarantee: 'an exit is told with the status the kernel kept',
    languages: BOTH,
    async run(bench) {
      for (const [code, words] of EXITS) {
        const { reply } = await call(await running(bench, 'exits'), { code });
        expect(reply, String(code)).toMatchObject({ kind: 'error', error: { errorType: 'Runtime.ExitError' } });
        expect(JSON.stringify(reply), String(code)).toContain(words);
      }
    },
  },
  {
    name: 'crash-after-reply',
    guarantee: 'a sandbox that ends by itself after its reply tells how, and what it printed last',
    languages: BOTH,
    async run(bench) {
      for (const how of ['throws', 'exits', 'is killed'] as const) {
        const sandbox = await running(bench, 'crashes-later');
        const crashed = new Promise<Crash>((resolve) => sandbox.onCrash(resolve));
        expect((await call(sandbox, { how })).value, how).toBe('answered');
        const { exit, logs } = await crashed;
        expect(texts(logs.lines).join('\n'), how).toContain('last words');
        if (how === 'is killed') expect(exit).toMatchObject({ cause: 'signal', signal: 'SIGKILL' });
        else
          expect(exit).toMatchObject({
            cause: 'exit',
            exitCode: how === 'exits' ? 3 : STATUS_OF_THROW[bench.language],
          });
        await until('it is dead', () => sandbox.state === 'dead');
      }
    },
  },
  {
    name: 'own-names',
    guarantee:
      'modules named like the standard library’s give the same result under every kind of start, stacks intact',
    languages: PYTHON,
    async run(bench) {
      for (const handler of ['index.handler', 'index.async_handler']) {
        await underEveryStart(bench, 'shadows', { handler }, async (sandbox, start) => {
          expect((await call(sandbox, {})).value, start).toEqual({
            ...{ json: '[1]', types: true, weakref: true, logging: true, random: true },
            queue: true,
          });
          const { reply } = await call(sandbox, { fail: true });
          expect(reply, start).toMatchObject({ kind: 'error', error: { errorMessage: 'with its stack' } });
          expect(JSON.stringify(reply), start).toContain('in fail');
        });
      }
      // On Lambda, too, a handler module of such a name is not looked for in the package.
      const { load } = await loadedWith(bench, bench.code('shadows'), { settings: { handler: 'types.handler' } });
      expect(load).toMatchObject({ kind: 'loadError', error: { errorType: 'Runtime.HandlerNotFound' } });
    },
  },
  {
    name: 'own-packages',
    guarantee: 'packages named like Node’s modules give the same result under every kind of start',
    languages: NODE,
    async run(bench) {
      const names = ['fs', 'events', 'buffer', 'string_decoder'];
      const code = bench.source({
        'index.mjs': `import fs from 'fs'; import { EventEmitter } from 'events'; import { Buffer } from 'buffer'; import { createRequire } from 'module';
const own = createRequire(import.meta.url)('string_decoder/');
export const handler = () => [typeof fs.readFileSync, typeof EventEmitter, typeof Buffer.from, own.OWN];`,
        ...Object.fromEntries(names.map((name) => [`node_modules/${name}/index.js`, 'exports.OWN = true;'])),
      });
      await underEveryStart(bench, code, {}, async (sandbox, start) => {
        expect((await call(sandbox, {})).value, start).toEqual(['function', 'function', 'function', true]);
      });
    },
  },
  {
    name: 'changed-language',
    guarantee: 'a function that replaces what Node gives to everybody is answered as ever under every kind of start',
    languages: NODE,
    async run(bench) {
      await underEveryStart(bench, 'changes-language', {}, async (sandbox, start) => {
        expect((await call(sandbox, {})).value, start).toEqual({ answered: true });
        const { reply } = await call(sandbox, { fail: true });
        expect(reply, start).toMatchObject({ kind: 'error', error: { errorType: 'RangeError' } });
        expect(JSON.stringify(reply), start).toContain('/var/task/index.mjs');
      });
    },
  },
  {
    name: 'logging-ready',
    guarantee: 'logging has its handler and request id before the function’s first line runs',
    languages: PYTHON,
    async run(bench) {
      await underEveryStart(bench, 'logs-early', {}, async (sandbox, start, load) => {
        expect(texts(load.logs.lines), start).toEqual([expect.stringMatching(/^\[WARNING\]\t\S+Z\t\twhile imported$/)]);
        const { settled, value } = await call(sandbox, { format: true }, { requestId: 'r-1' });
        expect(value).toBe(1);
        expect(texts(settled.logs.lines), start).toEqual([
          expect.stringMatching(/^\[INFO\]\t\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z\tr-1\tcalled by r-1$/),
          'r-1 says in its own format',
        ]);
      });
    },
  },
  {
    name: 'unfinished-lines',
    guarantee: 'a line without its newline is kept when the call times out, exits, is killed or returns',
    languages: BOTH,
    async run(bench) {
      for (const [how, timeoutMs] of Object.entries({ spins: 500, exits: 5_000, 'is killed': 5_000, returns: 5_000 })) {
        const sandbox = await running(bench, 'prints-unfinished');
        const { settled } = await call(sandbox, { how }, { timeoutMs });
        expect(texts(settled.logs.lines).sort(), how).toEqual(['and half an error', 'half a line, in bytes']);
      }
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
  {
    name: 'named-files',
    guarantee: 'variables that name files of the package work at the first call',
    languages: BOTH,
    async run(bench) {
      const code = bench.source(NAMED_FILES);
      const env: Record<string, string> =
        bench.language === 'nodejs'
          ? {
              NODE_OPTIONS: '--require /var/task/hooks/early.cjs --import=/var/task/hooks/early.mjs',
              NODE_PATH: '/var/task/modules',
              NODE_EXTRA_CA_CERTS: '/var/task/hooks/none.pem',
            }
          : { PYTHONPATH: '/var/task/modules:/var/task/absent' };
      const sandbox = await running(bench, code, { env }, { bootEnv: env, code });
      expect((await call(sandbox, {})).value).toEqual(
        bench.language === 'nodejs' ? ['early', 'early', 'named'] : ['named'],
      );
    },
  },
  {
    name: 'libraries-of-the-package',
    guarantee: 'the dynamic linker finds libraries in the package whatever was missing when the sandbox started',
    languages: PYTHON,
    async run(bench) {
      const code = bench.source({
        'index.py': `import ctypes, ctypes.util, os, shutil
def handler(event, context):
    return [os.environ["LD_LIBRARY_PATH"], os.path.isdir("/var/task/lib") or os.path.isdir("lib")]
`,
        'lib/README': 'x',
      });
      await underEveryStart(bench, code, {}, async (sandbox, start) => {
        const [path, isThere] = (await call(sandbox, {})).value as [string, boolean];
        expect(path, start).toMatch(/^(\S+):\1\/lib:\/opt\/lib$/);
        expect(isThere, start).toBe(true);
      });
    },
  },
  {
    name: 'bad-boot-variable',
    guarantee: 'a variable the runtime refuses is the function’s error at load, with its reason and what was printed',
    languages: BOTH,
    async run(bench) {
      const code = bench.source(NAMED_FILES);
      const bad: Record<string, string>[] =
        bench.language === 'nodejs'
          ? [{ NODE_OPTIONS: '--require /var/task/absent.cjs' }, { NODE_OPTIONS: '--no-such-option' }]
          : [{ PYTHONHASHSEED: 'a word' }];
      for (const env of bad) {
        const { load } = await loadedWith(bench, code, { spec: { bootEnv: env, code }, settings: { env } });
        expect(load, JSON.stringify(env)).toMatchObject({
          kind: 'loadError',
          error: { errorType: 'Runtime.ExitError' },
        });
        expect(JSON.stringify(load)).toMatch(/absent\.cjs|no-such-option|PYTHONHASHSEED/);
        expect(load.logs.lines.length).toBeGreaterThan(0);
      }
    },
  },
];

const NAMED_FILES = {
  'index.cjs': 'exports.handler = () => [globalThis.required, globalThis.imported, require("named").name];',
  'index.py': 'import named\ndef handler(event, context):\n    return [named.name]\n',
  'hooks/early.cjs': 'globalThis.required = "early";',
  'hooks/early.mjs': 'globalThis.imported = "early";',
  'modules/named/index.js': 'exports.name = "named";',
  'modules/named.py': 'name = "named"\n',
};

/** Lambda's status of an uncaught exception in Node; in Python a thread's exception ends nothing, so the fixture exits with 4. */
const STATUS_OF_THROW = { nodejs: 129, python: 4 };

const EXITS: [number, string][] = [
  [3, 'exit status 3"'],
  [-1, 'exit status 255"'],
  [256 + 5, 'exit status 5"'],
  [512, 'without providing a reason'],
  [137, 'exit status 137"'],
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
