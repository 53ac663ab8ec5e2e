import { afterEach, expect, test } from 'vitest';
import { type BootEnd, BootEnded } from '../../contract/boot-ended.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { call, loaded, NEVER, NO_CODE, specOf, until } from '../conformance/sandbox-rig.ts';
import { NO_REPLY } from '../drivers/memory/memory-call.ts';
import { MemoryDriver } from '../drivers/memory/memory-driver.ts';
import { guardDriver } from './guarded-driver.ts';

const isFailure = (event: { kind: string }) => event.kind === 'destroyFailed';
const echo = (event: Uint8Array): unknown => event;
const ILLEGAL = expect.objectContaining({ code: 'sandbox_illegal_state' });
const FAILED = expect.objectContaining({ code: 'sandbox_start_failed' });

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

test('a probe is run once, kept, and run again on demand; calls at the same time share one run', async () => {
  let runs = 0;
  const driver: MemoryDriver = new MemoryDriver({
    resolve: () => null,
    probe: async () => {
      runs += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return {
        state: 'absent',
        detail: `run ${runs}`,
        fix: null,
        runtimes: [],
        enforced: driver.enforced,
        progress: null,
      };
    },
  });
  const guard = guardDriver(driver, { onEvent() {} });
  expect(guard.lastProbe).toBeNull();
  const [one, two] = await Promise.all([guard.probe(), guard.probe({ fresh: true })]);
  expect([one.detail, two.detail, (await guard.probe()).detail]).toEqual(['run 1', 'run 1', 'run 1']);
  expect((await guard.probe({ fresh: true })).detail).toBe('run 2');
  expect(guard.lastProbe?.detail).toBe('run 2');
});

test('a probe that hangs is busy, one that throws is restricted; neither rejects nor leaks a path', async () => {
  const hanging = new MemoryDriver({ resolve: () => null, probe: () => new Promise(() => {}) });
  const slow = await guardDriver(hanging, { onEvent() {}, probeDeadlineMs: 20 }).probe();
  expect(slow).toMatchObject({ state: 'busy', detail: 'The probe did not finish within 20 ms.' });
  const throwing = new MemoryDriver({
    resolve: () => null,
    probe: () => Promise.reject(new Error('/root/secret/path is odd')),
  });
  const failed = await guardDriver(throwing, { onEvent() {} }).probe();
  expect(failed.state).toBe('restricted');
  expect(failed.detail).not.toContain('/root');
});

test('probes that hang are busy, and say still what the driver offers and enforces', async () => {
  let hangs = false;
  const driver = new MemoryDriver({ resolve: () => null });
  const answer = await driver.probe(NEVER);
  const guard = guardDriver(Object.assign(driver, { probe: () => (hangs ? new Promise(() => {}) : answer) }), {
    onEvent() {},
    probeDeadlineMs: 20,
  });
  const states = [];
  for (hangs of [false, true, false, true, true, false]) {
    const { state, runtimes, enforced } = await guard.probe({ fresh: true });
    expect({ runtimes, enforced }).toEqual({ runtimes: answer.runtimes, enforced: answer.enforced });
    states.push(state);
  }
  expect(states).toEqual(['usable', 'busy', 'usable', 'busy', 'busy', 'usable']);
});

test('a stop gives up the probe under way and waits until it has cleaned up', async () => {
  const order: string[] = [];
  const driver = Object.assign(new MemoryDriver({ resolve: () => null }), {
    probe: async (signal: AbortSignal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await new Promise((resolve) => setImmediate(resolve));
      order.push('probe cleaned up');
      throw signal.reason;
    },
    stop: async () => void order.push('driver stopped'),
  });
  const guard = guardDriver(driver, { onEvent() {} });
  const probing = guard.probe();
  await guard.stop();
  expect((await probing).state).toBe('restricted');
  expect(order).toEqual(['probe cleaned up', 'driver stopped']);
});

test('start runs once for all callers, and again after a failure', async () => {
  let starts = 0;
  const driver = new MemoryDriver({
    resolve: () => echo,
    onStart: () => {
      starts += 1;
      if (starts === 1) throw new Error('daemon is asleep');
    },
  });
  const guard = guardDriver(driver, { onEvent() {} });
  await expect(guard.create(specOf(), NEVER)).rejects.toEqual(ILLEGAL);
  const both = await Promise.allSettled([guard.start(NEVER), guard.start(NEVER)]);
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
  expect(starts).toBe(1);
  await Promise.all([guard.start(NEVER), guard.start(NEVER)]);
  await guard.start(NEVER);
  expect(starts).toBe(2);
  await guard.stop();
  await expect(guard.start(NEVER)).rejects.toEqual(ILLEGAL);
  await expect(guard.create(specOf(), NEVER)).rejects.toEqual(ILLEGAL);
});

test('a create that fails rejects with a SandboxError and leaves nothing', async () => {
  rig = await memoryRig(echo, {
    onCreate: () => {
      throw new Error('no space');
    },
  });
  await expect(rig.guard.create(specOf(), NEVER)).rejects.toEqual(FAILED);
  expect(rig.guard.live()).toEqual([]);
});

test('one id cannot live twice', async () => {
  rig = await memoryRig(echo);
  const spec = specOf();
  await rig.guard.create(spec, NEVER);
  await expect(rig.guard.create(spec, NEVER)).rejects.toEqual(ILLEGAL);
});

for (const [what, hello] of [
  ['no hello', { silent: true }],
  ['a wrong token', { token: 'f'.repeat(32) }],
  ['a token of another length', { token: 'f' }],
  ['a wrong protocol', { protocol: 99 }],
  ['two hellos', { twice: true }],
] as const) {
  test(`a shim with ${what} becomes no sandbox, and its box is removed`, async () => {
    rig = await memoryRig(echo, { hello }, { createDeadlineMs: 50 });
    await expect(rig.guard.create(specOf(), NEVER)).rejects.toEqual(FAILED);
    expect(rig.driver.createdCount).toBe(1);
    expect(rig.driver.boxes.size).toBe(0);
    expect(rig.guard.live()).toEqual([]);
  });
}

test('abort rejects at once, and a box that arrives later is destroyed', async () => {
  const gate = Promise.withResolvers<void>();
  rig = await memoryRig(echo, { onCreate: () => gate.promise, ignoresAbort: true });
  const controller = new AbortController();
  const creating = rig.guard.create(specOf(), controller.signal);
  controller.abort(new Error('the caller left'));
  await expect(creating).rejects.toEqual(FAILED);
  expect(rig.driver.createdCount).toBe(0);
  gate.resolve();
  await until('the late box came', () => rig?.driver.createdCount === 1);
  await until('and went', () => rig?.driver.boxes.size === 0);
  expect(rig.events.at(-1)).toMatchObject({ kind: 'gone' });
});

test('a create over its deadline rejects, and a box that arrives later is destroyed', async () => {
  const gate = Promise.withResolvers<void>();
  rig = await memoryRig(echo, { onCreate: () => gate.promise, ignoresAbort: true }, { createDeadlineMs: 20 });
  await expect(rig.guard.create(specOf(), NEVER)).rejects.toEqual(FAILED);
  gate.resolve();
  await until('the late box came and went', () => rig?.driver.createdCount === 1 && rig.driver.boxes.size === 0);
});

test('an abort during the handshake removes the box', async () => {
  rig = await memoryRig(echo, { hello: { silent: true } });
  const controller = new AbortController();
  const creating = rig.guard.create(specOf(), controller.signal);
  await until('the box is there', () => rig?.driver.boxes.size === 1);
  controller.abort();
  await expect(creating).rejects.toEqual(FAILED);
  expect(rig.driver.boxes.size).toBe(0);
});

test('a failed removal stays listed, is told, and is tried again until it is gone', async () => {
  let failures = 3;
  rig = await memoryRig(
    echo,
    {
      onDestroy: () => {
        failures -= 1;
        if (failures >= 0) throw new SandboxError('sandbox_start_failed', 'device or resource busy');
      },
    },
    { destroyRetryMs: 2 },
  );
  const sandbox = await rig.sandbox();
  await sandbox.destroy('test');
  expect(sandbox.state).toBe('dead');
  expect(rig.guard.live()).toEqual([sandbox]);
  expect(rig.events.at(-1)).toMatchObject({ kind: 'destroyFailed', attempt: 1 });
  await until('it is gone', () => rig?.guard.live().length === 0);
  expect(rig.events.filter((event) => event.kind === 'destroyFailed')).toHaveLength(3);
  expect(rig.events.at(-1)).toMatchObject({ kind: 'gone', reason: 'test' });
});

test('what cannot be removed is listed as stuck with its memory and its reason, and `removed` waits for the real end', async () => {
  let isBusy = true;
  rig = await memoryRig(
    echo,
    {
      onDestroy: () => {
        if (isBusy) throw new Error('device or resource busy');
      },
    },
    { destroyRetryMs: 1 },
  );
  const sandbox = await rig.sandbox();
  let isRemoved = false;
  void sandbox.removed.then(() => {
    isRemoved = true;
  });
  expect(rig.guard.stuck()).toEqual([]);
  await sandbox.destroy('test');
  const limitMib = sandbox.spec.memoryMib + rig.driver.capabilities.memoryOverheadMib;
  const reason = 'device or resource busy';
  expect(rig.guard.stuck()).toMatchObject([{ sandboxId: sandbox.id, limitMib, reason }]);
  await until('it was tried five times', () => (rig?.guard.stuck()[0]?.tries ?? 0) >= 5);
  expect(isRemoved).toBe(false);
  isBusy = false;
  await sandbox.removed;
  expect(rig.guard.stuck()).toEqual([]);
  expect(rig.events.at(-1)).toMatchObject({ kind: 'gone', failedTries: rig.events.filter(isFailure).length });
});

test('what a failed create could not take down is stuck and tried again, once however often it is told', async () => {
  let tries = 0;
  const leftover = {
    id: 'half-made',
    destroy: async () => {
      tries += 1;
      if (tries < 4) throw new Error('a process does not die');
    },
  };
  rig = await memoryRig(
    echo,
    {
      onCreate: () => {
        throw new SandboxError('sandbox_start_failed', 'no connection', { leftover });
      },
    },
    { destroyRetryMs: 1 },
  );
  const creating = [rig.guard.create(specOf(), NEVER), rig.guard.create(specOf(), NEVER)];
  for (const one of creating) await expect(one).rejects.toEqual(FAILED);
  expect(rig.guard.live()).toEqual([]);
  expect(rig.guard.stuck()).toMatchObject([{ sandboxId: 'half-made', reason: 'a process does not die' }]);
  await until('it is gone', () => rig?.guard.stuck().length === 0);
  expect(tries).toBe(4);
});

test('what a create given up long ago could not take down is stuck too', async () => {
  const gate = Promise.withResolvers<void>();
  const leftover = { id: 'late', destroy: () => Promise.reject(new Error('busy')) };
  rig = await memoryRig(
    echo,
    { onCreate: () => gate.promise, ignoresAbort: true },
    { createDeadlineMs: 20, destroyRetryMs: 1 },
  );
  await expect(rig.guard.create(specOf(), NEVER)).rejects.toEqual(FAILED);
  gate.reject(new SandboxError('sandbox_start_failed', 'aborted', { leftover }));
  await until('it is listed', () => rig?.guard.stuck()[0]?.sandboxId === 'late');
  leftover.destroy = () => Promise.resolve() as Promise<never>;
  await until('it is gone', () => rig?.guard.stuck().length === 0);
});

test('a removal that hangs is given up after its deadline and tried again', async () => {
  let tries = 0;
  rig = await memoryRig(
    echo,
    { onDestroy: () => (++tries === 1 ? new Promise(() => {}) : undefined) },
    { destroyDeadlineMs: 20, destroyRetryMs: 2 },
  );
  const sandbox = await rig.sandbox();
  await sandbox.destroy('test');
  await until('it is gone', () => rig?.guard.live().length === 0);
});

test('stop destroys everything, calls in flight end, and all failures are gathered', async () => {
  const driver = new MemoryDriver({
    resolve: () => () => NO_REPLY,
    onDestroy: () => {
      throw new Error('still busy');
    },
    onStop: () => {
      throw new Error('daemon lost');
    },
  });
  const guard = guardDriver(driver, { onEvent() {} });
  await guard.start(NEVER);
  const { sandbox } = await loaded(guard, NO_CODE);
  await loaded(guard, NO_CODE);
  const calling = call(sandbox, {});
  const stopped = await guard.stop().then(
    () => null,
    (error: unknown) => error,
  );
  expect(stopped).toBeInstanceOf(SandboxError);
  expect(((stopped as Error).cause as AggregateError).errors).toHaveLength(3);
  expect((await calling).reply).toMatchObject({ kind: 'died', exit: { cause: 'destroyed' } });
  expect(guard.live()).toHaveLength(2);
  await expect(guard.stop()).rejects.toBe(stopped);
});

test('stop ends a create in progress', async () => {
  const driver = new MemoryDriver({ resolve: () => echo, onCreate: () => new Promise(() => {}) });
  const guard = guardDriver(driver, { onEvent() {} });
  await guard.start(NEVER);
  const creating = guard.create(specOf(), NEVER);
  creating.catch(() => {});
  await guard.stop();
  await expect(creating).rejects.toEqual(FAILED);
});

test('reap passes on what the driver found', async () => {
  rig = await memoryRig(echo);
  rig.driver.reapable = 4;
  expect(await rig.guard.reap(NEVER)).toBe(4);
  expect(await rig.guard.reap(NEVER)).toBe(0);
});

test('every transition is an event, in order', async () => {
  rig = await memoryRig(echo);
  const sandbox = await rig.sandbox();
  await call(sandbox, {});
  sandbox.pause();
  sandbox.resume();
  await sandbox.destroy('over');
  const seen = rig.events.map((event) => (event.kind === 'transition' ? `${event.from}>${event.to}` : event.kind));
  expect(seen).toEqual([
    'creating>ready',
    'ready>loaded',
    'loaded>busy',
    'busy>loaded',
    'loaded>paused',
    'paused>loaded',
    'loaded>dead',
    'gone',
  ]);
});

test('a boot that the function’s own code ended is its failed load, with how it ended and what it printed', async () => {
  const output = { stdout: 'about to spin', stderr: 'Error: Cannot find module' };
  const ends: { end: BootEnd; load: object }[] = [
    {
      end: { cause: 'initTimeout', timeoutMs: 300 },
      load: { kind: 'initTimeout', error: { errorType: 'Runtime.InitTimeout' } },
    },
    {
      end: { cause: 'exit', exitCode: 1, signal: null },
      load: { kind: 'loadError', error: { errorType: 'Runtime.ExitError' } },
    },
    { end: { cause: 'oom', exitCode: null, signal: 'SIGKILL' }, load: { kind: 'died', exit: { cause: 'oom' } } },
  ];
  for (const { end, load } of ends) {
    rig = await memoryRig(echo, {
      onCreate: () => {
        throw new BootEnded(end, output);
      },
    });
    const { sandbox, load: told } = await loaded(rig.guard, NO_CODE, { spec: { code: NO_CODE, initTimeoutMs: 300 } });
    expect(told).toMatchObject(load);
    expect(told.logs.lines.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', 'about to spin'],
      ['stderr', 'Error: Cannot find module'],
    ]);
    expect(sandbox.state).toBe('dead');
    // Where nothing of the function was there, it is a failure of ours.
    await expect(rig.guard.create(specOf(), NEVER)).rejects.toEqual(FAILED);
    await rig.close();
  }
  rig = null;
});
