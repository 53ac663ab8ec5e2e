import { expect } from 'vitest';
import type { Crash } from '../../contract/sandbox.ts';
import { BOTH, type ConformanceCase, running, texts } from './conformance-case.ts';
import { call, until } from './sandbox-rig.ts';

/** How a process ends, and what it leaves, as functions of both languages find it on Lambda. */
export const EndingCases: ConformanceCase[] = [
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
];

/** Lambda's status of an uncaught exception in Node; in Python a thread's exception ends nothing, so the fixture exits with 4. */
const STATUS_OF_THROW = { nodejs: 129, python: 4 };

const EXITS: [number, string][] = [
  [3, 'exit status 3"'],
  [-1, 'exit status 255"'],
  [256 + 5, 'exit status 5"'],
  [512, 'without providing a reason'],
  [137, 'exit status 137"'],
];
