import { expect } from 'vitest';
import { BOTH, type ConformanceCase, NODE, running } from './conformance-case.ts';
import { atPace, call, until } from './sandbox-rig.ts';

const texts = (lines: { text: string }[]): string[] => lines.map((line) => line.text);

/** What calls return, print and cost. */
export const CallCases: ConformanceCase[] = [
  {
    name: 'error',
    guarantee: 'a thrown error is a value with type, message and stack, and the sandbox serves on',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'throws');
      const { reply } = await call(sandbox, { message: 'broken' });
      expect(reply).toMatchObject({ kind: 'error', error: { errorType: 'OrderError', errorMessage: 'broken' } });
      expect(sandbox.state).toBe('loaded');
      expect((await call(sandbox, {})).reply.kind).toBe('error');
    },
  },
  {
    name: 'large-event',
    guarantee: 'five MiB go in and come back unchanged',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'echo');
      const event = 'x'.repeat(5 * 1024 * 1024);
      expect((await call(sandbox, event, { timeoutMs: 20_000 })).value).toBe(event);
    },
  },
  {
    name: 'result-too-large',
    guarantee: 'a result over 6 MiB is resultTooLarge and the sandbox serves on',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'big-result');
      expect((await call(sandbox, {}, { timeoutMs: 20_000 })).reply.kind).toBe('resultTooLarge');
      expect((await call(sandbox, { bytes: 10 })).reply.kind).toBe('result');
    },
  },
  {
    name: 'stream',
    guarantee: 'a streamed reply arrives in pieces under credit, or gathered for a caller that takes none',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'streams');
      const event = { pieces: 12, pieceBytes: 65_536 };
      let bytes = 0;
      let heads = 0;
      const { reply } = await call(sandbox, event, {
        timeoutMs: 10_000,
        stream: {
          head: () => {
            heads += 1;
          },
          write: (chunk) => {
            bytes += chunk.length;
            return true;
          },
          whenDrained: () => Promise.resolve(),
        },
      });
      expect(reply).toMatchObject({ kind: 'streamed', bytes: 12 * 65_536 });
      expect({ heads, bytes }).toEqual({ heads: 1, bytes: 12 * 65_536 });
    },
  },
  {
    name: 'output',
    guarantee: 'output is attributed to the call that printed it, by stream',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'prints');
      const first = await call(sandbox, { text: 'first' });
      const second = await call(sandbox, { text: 'second' });
      for (const [finished, word] of [[first, 'first'] as const, [second, 'second'] as const]) {
        const { lines, truncated } = finished.settled.logs;
        expect(truncated).toBe(false);
        expect(texts(lines.filter((line) => line.stream === 'stdout'))).toEqual([`out ${word} 1`, 'raw']);
        expect(texts(lines.filter((line) => line.stream === 'stderr'))).toEqual(['err']);
      }
    },
  },
  {
    name: 'output-of-children',
    guarantee: 'what a child process prints is captured',
    languages: NODE,
    async run(bench) {
      const source =
        "import { spawnSync } from 'node:child_process';\nexport const handler = async () => spawnSync('/bin/sh', ['-c', 'echo from-child; echo to-err >&2'], { stdio: 'inherit' }).status;";
      const sandbox = await running(bench, bench.source({ 'index.mjs': source }));
      const { settled, value } = await call(sandbox, {});
      expect(value).toBe(0);
      expect(texts(settled.logs.lines).sort()).toEqual(['from-child', 'to-err']);
    },
  },
  {
    name: 'output-capped',
    guarantee: 'a flood of output is kept to 256 KiB, marked, and does not stop the call',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'prints-100mib');
      const { reply, settled } = await call(sandbox, { mib: 2 }, { timeoutMs: 20_000 });
      expect(reply.kind).toBe('result');
      expect(settled.logs.truncated).toBe(true);
      const bytes = settled.logs.lines.reduce((sum, line) => sum + line.text.length + 1, 0);
      expect(bytes).toBeGreaterThan(200 * 1024);
      expect(bytes).toBeLessThanOrEqual(256 * 1024 + 1);
    },
  },
  {
    name: 'output-before-kill',
    guarantee: 'what was printed before a timeout is kept',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'prints-then-spins');
      const { reply, settled } = await call(sandbox, {}, { timeoutMs: 400 });
      expect(reply.kind).toBe('timeout');
      expect(settled.logs.lines.length).toBeGreaterThan(0);
    },
  },
  {
    name: 'concurrency',
    guarantee: 'several calls share a sandbox, their console lines apart, their figures marked shared',
    languages: NODE,
    async run(bench) {
      const sandbox = await running(bench, 'prints-concurrently', { concurrency: 4 });
      expect(sandbox.concurrency).toBe(4);
      const names = ['a', 'b', 'c'];
      const finished = await Promise.all(names.map((name) => call(sandbox, { name })));
      finished.forEach(({ settled, value }, index) => {
        const name = names[index]!;
        expect(value).toBe(name);
        expect(texts(settled.logs.lines)).toEqual([`${name} 0`, `${name} 1`, `${name} 2`]);
        expect(settled.usage.shared).toBe(true);
      });
      expect(sandbox.inFlight).toBe(0);
    },
  },
  {
    name: 'cancel',
    guarantee: 'a cancelled call that does not end is cancelled within its second of grace, and the sandbox is gone',
    languages: BOTH,
    async run(bench) {
      const sandbox = await running(bench, 'spins');
      const running1 = call(sandbox, {}, { requestId: 'to-cancel', timeoutMs: 20_000 });
      expect(sandbox.cancel('another')).toBe(false);
      expect(sandbox.cancel('to-cancel')).toBe(true);
      const { reply, replyMs, hostLagMs } = await running1;
      expect(reply.kind).toBe('cancelled');
      expect(replyMs).toBeLessThan(1_300 + hostLagMs);
      await until('the sandbox is dead', () => sandbox.state === 'dead');
    },
  },
  {
    name: 'meter',
    guarantee: 'figures are plausible with a source, or null, never 0 for unknown',
    languages: NODE,
    async run(bench) {
      const source =
        'export const handler = async () => { const a = Buffer.alloc(32 << 20, 1); const end = process.cpuUsage().user + 80_000; while (process.cpuUsage().user < end); return a.length; };';
      const sandbox = await running(bench, bench.source({ 'index.mjs': source }));
      const { usage } = (await call(sandbox, {}, { timeoutMs: 10_000 })).settled;
      if (usage.source === null) {
        expect(usage).toEqual({ cpuMs: null, maxMemoryMib: null, peakScope: null, source: null, shared: false });
        return;
      }
      if (usage.cpuMs !== null) {
        expect(usage.cpuMs).toBeGreaterThan(40);
        expect(atPace(usage.cpuMs!)).toBeLessThan(2_000);
      }
      if (usage.maxMemoryMib !== null) {
        expect(usage.maxMemoryMib).toBeGreaterThan(30);
        expect(usage.maxMemoryMib).toBeLessThan(400);
        expect(usage.peakScope).toMatch(/attempt|sandbox/);
      }
      expect(sandbox.memoryBytes() ?? 1).toBeGreaterThan(0);
    },
  },
];
