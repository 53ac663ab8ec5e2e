import { expect } from 'vitest';
import { BOTH, type ConformanceCase, created, loadedWith, NODE, running } from './conformance-case.ts';
import { HostLag } from './host-lag.ts';
import { atPace, call, NEVER, paceMs, settingsOf, specOf, until } from './sandbox-rig.ts';

const ILLEGAL = expect.objectContaining({ code: 'sandbox_illegal_state' });

/** From create to gone, and everything out of order. */
export const LifeCases: ConformanceCase[] = [
  {
    name: 'life',
    guarantee: 'a sandbox is created ready, loads, answers, and is gone after destroy',
    languages: BOTH,
    async run(bench) {
      const sandbox = await created(bench);
      expect(sandbox.state).toBe('ready');
      expect(sandbox.alive).toBe(true);
      expect(sandbox.receipt).toMatchObject({ isolation: bench.guard.isolation, driver: bench.guard.name });
      expect(sandbox.receipt.enforced).toEqual(bench.probe.enforced);
      const load = await sandbox.load(bench.code('echo'), settingsOf(), NEVER);
      expect(load.kind).toBe('loaded');
      expect(sandbox.state).toBe('loaded');
      const { reply, value } = await call(sandbox, { a: [1, 'ü', null] });
      expect(reply.kind).toBe('result');
      expect(value).toEqual({ a: [1, 'ü', null] });
      await sandbox.destroy('test');
      expect(sandbox.state).toBe('dead');
      expect(bench.guard.live()).toEqual([]);
    },
  },
  {
    name: 'state-kept',
    guarantee: 'globals live from call to call of one sandbox and are not shared with another',
    languages: BOTH,
    async run(bench) {
      const first = await running(bench, 'counter');
      expect((await call(first, {})).value).toEqual({ count: 0 });
      expect((await call(first, {})).value).toEqual({ count: 1 });
      const second = await running(bench, 'counter');
      expect((await call(second, {})).value).toEqual({ count: 0 });
    },
  },
  {
    name: 'load-error',
    guarantee: 'a module that throws is a loadError with its output, and the sandbox is dead',
    languages: BOTH,
    async run(bench) {
      const { sandbox, load } = await loadedWith(bench, bench.code('throws-at-import'));
      expect(load.kind).toBe('loadError');
      expect(load.logs.lines.length).toBeGreaterThan(0);
      expect(sandbox.state).toBe('dead');
    },
  },
  {
    name: 'load-exit',
    guarantee: 'a module that ends the process is a failed load, and the sandbox is dead',
    languages: BOTH,
    async run(bench) {
      const { sandbox, load } = await loadedWith(bench, bench.code('exits-at-import'));
      expect(['loadError', 'died']).toContain(load.kind);
      expect(sandbox.state).toBe('dead');
    },
  },
  {
    name: 'init-timeout',
    guarantee: 'I1: a module that never finishes is Runtime.InitTimeout within 100 ms of its clock',
    languages: BOTH,
    async run(bench) {
      const sandbox = await created(bench);
      const beganAtMs = paceMs();
      const hostLag = new HostLag();
      const load = await sandbox.load(bench.code('spins-at-import'), settingsOf({ initTimeoutMs: 400 }), NEVER);
      const tookMs = paceMs() - beganAtMs;
      const hostLagMs = atPace(hostLag.stop());
      expect(load).toMatchObject({ kind: 'initTimeout', error: { errorType: 'Runtime.InitTimeout' } });
      expect(tookMs - (load.kind === 'loaded' ? load.deliverMs : 0)).toBeLessThan(400 + 100 + 150 + hostLagMs);
      expect(sandbox.state).toBe('dead');
    },
  },
  {
    name: 'destroy-twice',
    guarantee: 'destroy may be repeated, at the same time and later',
    languages: NODE,
    async run(bench) {
      const sandbox = await running(bench, 'echo');
      await Promise.all([sandbox.destroy('one'), sandbox.destroy('two')]);
      await sandbox.destroy('three');
      expect(bench.guard.live()).toEqual([]);
    },
  },
  {
    name: 'illegal-order',
    guarantee: 'everything out of order throws sandbox_illegal_state and harms nothing',
    languages: NODE,
    async run(bench) {
      const sandbox = await created(bench);
      await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
      expect(() => sandbox.pause()).toThrow(ILLEGAL);
      expect((await sandbox.load(bench.code('slow'), settingsOf(), NEVER)).kind).toBe('loaded');
      await expect(sandbox.load(bench.code('slow'), settingsOf(), NEVER)).rejects.toEqual(ILLEGAL);
      const first = call(sandbox, { ms: 50 });
      await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
      expect(() => sandbox.pause()).toThrow(ILLEGAL);
      expect((await first).reply.kind).toBe('result');
      await sandbox.destroy('test');
      await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
      expect(() => sandbox.resume()).toThrow(ILLEGAL);
      await expect(sandbox.load(bench.code('slow'), settingsOf(), NEVER)).rejects.toEqual(ILLEGAL);
    },
  },
  {
    name: 'abort-create',
    guarantee: 'an aborted create rejects at once and leaves nothing',
    languages: NODE,
    async run(bench) {
      for (const afterMs of [0, bench.guard.capabilities.typicalStartMs / 2]) {
        const controller = new AbortController();
        const spec = specOf(bench.spec());
        bench.onSandbox(spec.id);
        const creating = bench.guard.create(spec, controller.signal);
        creating.catch(() => {});
        if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
        controller.abort(new Error('test'));
        // The abort may come too late to matter on a quick driver; then there is a sandbox to destroy.
        const made = await creating.catch((error: unknown) => error);
        if (made instanceof Error) expect(made).toMatchObject({ code: 'sandbox_start_failed' });
        else await (await creating).destroy('test');
        await until('nothing is left', async () => (await bench.traces(spec.id)).length === 0);
        expect(bench.guard.live()).toEqual([]);
      }
    },
  },
  {
    name: 'pause',
    guarantee: 'a paused sandbox does not run and goes on where it was',
    languages: NODE,
    needs: ['pause'],
    async run(bench) {
      const ticker = 'let n = 0; setInterval(() => { n += 1; }, 5); export const handler = async () => n;';
      const sandbox = await running(bench, bench.source({ 'index.mjs': ticker }));
      const before = Number((await call(sandbox, {})).value);
      sandbox.pause();
      expect(sandbox.state).toBe('paused');
      await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
      // Elapsed time is what is tested here: a running ticker would count about a hundred meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 500));
      sandbox.resume();
      expect(Number((await call(sandbox, {})).value) - before).toBeLessThan(50);
    },
  },
  {
    name: 'destroy-paused',
    guarantee: 'a paused sandbox can be destroyed',
    languages: NODE,
    needs: ['pause'],
    async run(bench) {
      const sandbox = await running(bench, 'echo');
      sandbox.pause();
      await sandbox.destroy('test');
      expect(bench.guard.live()).toEqual([]);
    },
  },
];
