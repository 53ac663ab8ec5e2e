import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CPU_MAX_S, MEMORY_MAX_MIB } from './checker-limits.ts';
import { CheckerPlaces } from './checker-places.ts';
import { type CheckerRun, runChecker } from './checker-process.ts';

const GENEROUS_MS = 60_000;

function node(script: string, over: Partial<CheckerRun> = {}) {
  return runChecker({ command: process.execPath, args: ['-e', script], input: '', user: null, ...over });
}

const limitOf = (limits: string, name: string) => {
  const [soft, hard] = limits
    .slice(limits.indexOf(name) + name.length)
    .trim()
    .split(/\s+/);
  return [soft, hard].map(Number);
};

describe.skipIf(process.platform !== 'linux')('a checker (needs Linux)', () => {
  test('is bounded in memory, time, files and cores, and the first to be killed, before it reads', async () => {
    const end = await node(`
      const read = (name) => require('fs').readFileSync('/proc/self/' + name, 'utf8');
      console.log(JSON.stringify({ limits: read('limits'), score: read('oom_score_adj'), env: process.env }));`);
    if (end.kind !== 'answered') throw new Error(end.kind);
    const { limits, score, env } = JSON.parse(end.stdout) as { limits: string; score: string; env: object };
    expect(Number(score)).toBe(1_000);
    expect(limitOf(limits, 'Max data size')).toEqual([MEMORY_MAX_MIB * 1_048_576, MEMORY_MAX_MIB * 1_048_576]);
    expect(limitOf(limits, 'Max cpu time')).toEqual([CPU_MAX_S, CPU_MAX_S + 1]);
    expect(limitOf(limits, 'Max core file size')).toEqual([0, 0]);
    expect(limitOf(limits, 'Max file size')).toEqual([0, 0]);
    expect(limitOf(limits, 'Max open files')).toEqual([64, 64]);
    expect(Object.keys(env)).toEqual(['PWD']);
    expect(Number(readFileSync('/proc/self/oom_score_adj', 'utf8'))).toBeLessThan(1_000);
  });

  test(
    'that takes more memory than it may is refused, not waited for',
    async () => {
      const end = await node('const all = []; for (;;) all.push(Buffer.alloc(64 * 1048576, 1));');
      // Node says itself that an allocation failed, or is ended for it: it never holds more, and never answers 0.
      expect(end.kind === 'answered' ? end.exitCode : end.kind).not.toBe(0);
      expect(end.kind).not.toBe('unknown');
    },
    GENEROUS_MS,
  );

  test('that is ended for its processor time is over its limit; one the kernel kills says overloaded', async () => {
    const over = await node("process.kill(process.pid, 'SIGXCPU'); setInterval(() => {}, 1000);");
    expect(over).toEqual({ kind: 'over_limit', message: expect.stringContaining('processor time') });
    await expect(node("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);")).rejects.toMatchObject({
      code: 'overloaded',
    });
  });

  test(
    'runs beside one other at most; the rest wait in a bounded line, and beyond it they are refused',
    async () => {
      const stop = new AbortController();
      const runs = Array.from({ length: 30 }, () => node('process.stdin.resume()', { signal: stop.signal }));
      // Their stdin ends at once, so each of them answers; who finds the line full is refused before that.
      const ends = await Promise.allSettled(runs);
      const refused = ends.filter((end) => end.status === 'rejected').map((end) => end.reason as unknown);
      expect(refused).toHaveLength(30 - 2 - 16);
      for (const reason of refused) expect(reason).toMatchObject({ code: 'overloaded', status: 429 });
    },
    GENEROUS_MS,
  );
});

describe('places of checkers', () => {
  const places = () => new CheckerPlaces({ atOnceMax: 2, waitingMax: 3, waitMs: GENEROUS_MS });

  test('hold so many at once, and give each place to the next in line', async () => {
    const all = places();
    const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const begun: number[] = [];
    const held = gates.map((gate, i) =>
      all.hold(() => {
        begun.push(i);
        return gate.promise;
      }),
    );
    await expect(all.hold(async () => undefined)).rejects.toMatchObject({ code: 'overloaded' });
    expect(begun).toEqual([0, 1]);
    gates[1]!.reject(new Error('planned'));
    await expect(held[1]).rejects.toThrow('planned');
    await expect.poll(() => begun).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await Promise.all([held[0], held[2], held[3], held[4]]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  test('who gives up while it waits leaves the line, and who waits too long is refused', async () => {
    const all = new CheckerPlaces({ atOnceMax: 1, waitingMax: 1, waitMs: 5 });
    const gate = Promise.withResolvers<void>();
    const first = all.hold(() => gate.promise);
    const stop = new AbortController();
    const second = all.hold(async () => 2, stop.signal);
    stop.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await expect(all.hold(async () => 3)).rejects.toMatchObject({ code: 'overloaded' });
    gate.resolve();
    await first;
    expect(await all.hold(async () => 4)).toBe(4);
  });
});
