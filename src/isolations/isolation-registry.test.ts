import { afterEach, describe, expect, test } from 'vitest';
import type { ProbeResult } from '../contract/driver.ts';
import { silentLog } from '../pool/testing/pool-testbed.ts';
import { MemoryDriver } from '../sandbox/drivers/memory/memory-driver.ts';
import { guardDriver } from '../sandbox/guard/guarded-driver.ts';
import { DriverRegistry, type DriverRegistryOptions } from './isolation-registry.ts';

const enforced = { memory: false, cpu: false, pids: false, disk: false, network: false };
const probed = (over: Partial<ProbeResult>): ProbeResult => ({
  state: 'usable',
  detail: 'seen',
  fix: null,
  runtimes: ['nodejs24', 'python3.11'],
  enforced,
  progress: null,
  ...over,
});

let registry: DriverRegistry;
afterEach(() => registry.stop());

const answers: Record<'docker' | 'bubblewrap' | 'process', ProbeResult> = {
  docker: probed({}),
  bubblewrap: probed({}),
  process: probed({}),
};
let startFails = false;
let isProcessUnfenced = false;

function build(over: Partial<typeof answers>, options: Partial<DriverRegistryOptions> = {}): DriverRegistry {
  Object.assign(answers, { docker: probed({}), bubblewrap: probed({}), process: probed({}) }, over);
  startFails = false;
  const drivers = (['process', 'docker', 'bubblewrap'] as const).map((isolation) =>
    guardDriver(
      new MemoryDriver({
        resolve: () => null,
        isolation,
        name: isolation,
        probe: async () => answers[isolation],
        onStart: () => {
          if (startFails) throw new Error('planned');
        },
        capabilities: { fencesNothing: isolation === 'process' && isProcessUnfenced },
      }),
      { onEvent() {} },
    ),
  );
  registry = new DriverRegistry({
    drivers,
    order: ['gvisor', 'docker', 'bubblewrap', 'process'],
    log: silentLog,
    ...options,
  });
  return registry;
}

describe('what a deploy’s choice comes to', () => {
  test('auto is the first usable in the operator’s order that offers the runtime', async () => {
    build({ docker: probed({ runtimes: ['nodejs24'] }) });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'docker', preparing: false });
    expect(await registry.resolve('auto', 'python3.11')).toMatchObject({ isolation: 'bubblewrap' });
    await expect(registry.resolve('auto', 'python3.13')).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });

  test('what is usable now comes before what is being prepared, which comes before nothing', async () => {
    build({ docker: probed({ state: 'preparing', runtimes: [], progress: 0.1 }) });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'bubblewrap' });
    expect(await registry.resolve('docker', 'nodejs24')).toMatchObject({ isolation: 'docker', preparing: true });
    const absent = probed({ state: 'absent', detail: 'no socket', runtimes: [] });
    Object.assign(answers, { bubblewrap: absent, process: absent });
    await registry.refresh();
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'docker', preparing: true });
  });

  test('an isolation that cannot be used is refused with what was seen', async () => {
    build({ docker: probed({ state: 'not_running', detail: 'the daemon does not answer', runtimes: [] }) });
    await expect(registry.resolve('docker', 'nodejs24')).rejects.toMatchObject({
      code: 'isolation_not_usable',
      publicMessage: 'docker cannot be used here: the daemon does not answer',
    });
    await expect(registry.resolve('firecracker', 'nodejs24')).rejects.toMatchObject({ code: 'isolation_not_usable' });
    await expect(registry.resolve('vmware' as never, 'nodejs24')).rejects.toMatchObject({ code: 'unknown_isolation' });
  });

  test('the newest runtime of a language is one that something here offers', async () => {
    build({ process: probed({ runtimes: ['nodejs24', 'python3.13'] }) });
    expect(await registry.newestRuntime('python')).toBe('python3.13');
    expect(await registry.newestRuntime('nodejs')).toBe('nodejs24');
  });
});

describe('what calls are told', () => {
  test('an isolation is preparing until its first probe, and listeners hear of every change once', async () => {
    build({});
    expect(registry.get('docker', 'nodejs24').state).toBe('preparing');
    expect(registry.usable()).toEqual([]);
    let changes = 0;
    const stopListening = registry.onChange(() => changes++);
    await registry.start();
    expect(changes).toBe(3);
    expect(registry.get('docker', 'nodejs24').state).toBe('usable');
    expect(registry.usable().map((it) => it.isolation)).toEqual(['docker', 'bubblewrap', 'process']);
    await registry.refresh();
    expect(changes).toBe(3);
    answers.docker = probed({ state: 'not_running', runtimes: [] });
    await registry.refresh();
    expect(changes).toBe(4);
    expect(registry.get('docker', 'nodejs24')).toMatchObject({ state: 'unusable', detail: 'seen' });
    stopListening();
  });

  test('a driver that does not start is unusable, and may start later', async () => {
    build({});
    startFails = true;
    await registry.start();
    expect(registry.get('docker', 'nodejs24').state).toBe('unusable');
    startFails = false;
    await registry.refresh();
    expect(registry.get('docker', 'nodejs24').state).toBe('usable');
  });
});

describe('a usable isolation whose trial has no time to end', () => {
  test('stays usable for calls and deploys, is shown as busy, and is told to nobody as a change', async () => {
    build({});
    await registry.start();
    let changes = 0;
    registry.onChange(() => changes++);
    answers.docker = probed({ state: 'busy', detail: 'no time', runtimes: [] });
    for (let i = 0; i < 5; i++) await registry.refresh();
    expect(registry.get('docker', 'nodejs24').state).toBe('usable');
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'docker', preparing: false });
    const report = registry.report().find((one) => one.driver.isolation === 'docker');
    expect(report).toMatchObject({ state: 'usable', probe: { state: 'busy', runtimes: ['nodejs24', 'python3.11'] } });
    expect(changes).toBe(0);
  });

  test('one failed trial is no change either; a definite answer is', async () => {
    build({});
    await registry.start();
    answers.docker = probed({ state: 'restricted', runtimes: [] });
    await registry.refresh();
    expect(registry.get('docker', 'nodejs24').state).toBe('usable');
    answers.docker = probed({ state: 'not_running', runtimes: [] });
    await registry.refresh();
    expect(registry.get('docker', 'nodejs24').state).toBe('unusable');
  });
});

const gone = probed({ state: 'not_running', detail: 'stopped', runtimes: [] });

describe('an isolation that was lost', () => {
  test('a revision stays with its own isolation unless the operator allows a weaker one', async () => {
    build({ docker: gone });
    await registry.start();
    expect(registry.forRevision('docker', 'nodejs24')).toMatchObject({ state: 'unusable', detail: 'stopped' });
  });

  test('with fallback weaker it moves to the strongest usable weaker one that offers the runtime, never to a stronger', async () => {
    build({ docker: gone, bubblewrap: probed({ runtimes: ['nodejs24'] }) }, { fallback: 'weaker' });
    await registry.start();
    const isolationOf = (answer: ReturnType<DriverRegistry['forRevision']>) =>
      answer.state === 'usable' ? answer.driver.isolation : answer.state;
    expect(isolationOf(registry.forRevision('docker', 'nodejs24'))).toBe('bubblewrap');
    expect(isolationOf(registry.forRevision('docker', 'python3.11'))).toBe('process');
    Object.assign(answers, { bubblewrap: gone, process: gone, docker: probed({}) });
    await registry.refresh();
    expect(isolationOf(registry.forRevision('bubblewrap', 'nodejs24'))).toBe('unusable');
  });

  test('auto never comes to process on a host where something stronger was ever usable', async () => {
    const seen: string[] = [];
    build(
      { docker: gone, bubblewrap: gone },
      { seen: ['process', 'docker'], onSeen: (isolation) => seen.push(isolation) },
    );
    await expect(registry.resolve('auto', 'nodejs24')).rejects.toMatchObject({ code: 'isolation_not_usable' });
    expect(await registry.resolve('process', 'nodejs24')).toMatchObject({ isolation: 'process' });
    Object.assign(answers, { bubblewrap: probed({}) });
    await registry.refresh();
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'bubblewrap' });
    expect(seen).toEqual(['bubblewrap']);
  });

  test('an order that puts process first, or has it alone, names it', async () => {
    for (const order of [['process'], ['process', 'docker']] as const) {
      build({ docker: gone }, { seen: ['docker', 'bubblewrap'], order });
      expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'process' });
      registry.stop();
    }
  });

  test('where nothing stronger was ever usable, auto comes to process', async () => {
    build({ docker: gone, bubblewrap: gone }, { seen: ['process'] });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'process' });
  });
});

describe('an isolation with a known weakness that holds here', () => {
  const weak = probed({ refusesNew: 'its version has CVE-1, which applies here' });

  test('is kept from new functions, and goes on serving those it has', async () => {
    build({ docker: weak });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'bubblewrap' });
    await expect(registry.resolve('docker', 'nodejs24')).rejects.toMatchObject({
      code: 'isolation_not_usable',
      publicMessage: expect.stringMatching(/CVE-1.*COLDFRAME_KNOWN_WEAK=allow/),
    });
    expect(registry.forRevision('docker', 'nodejs24').state).toBe('usable');
  });

  test('is taken where the operator insists', async () => {
    build({ docker: weak }, { allowsKnownWeak: true });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'docker' });
  });
});

describe('an isolation that fences nothing', () => {
  afterEach(() => {
    isProcessUnfenced = false;
  });

  test('is never what auto comes to, and says so; whoever names it gets it', async () => {
    isProcessUnfenced = true;
    build({ docker: gone, bubblewrap: gone }, { fallback: 'weaker' });
    await expect(registry.resolve('auto', 'nodejs24')).rejects.toMatchObject({ code: 'isolation_unfenced' });
    expect(await registry.resolve('process', 'nodejs24')).toMatchObject({ isolation: 'process' });
    expect(registry.forRevision('docker', 'nodejs24')).toMatchObject({ state: 'unusable' });
  });

  test('is taken where the operator’s order begins with it', async () => {
    isProcessUnfenced = true;
    build({ docker: gone, bubblewrap: gone }, { order: ['process'] });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'process' });
  });
});

describe('an emulated machine', () => {
  function withQemu(order: DriverRegistryOptions['order']): { finishProbe: () => void } {
    const { promise: booted, resolve } = Promise.withResolvers<void>();
    const drivers = (['qemu', 'process', 'firecracker'] as const).map((isolation) =>
      guardDriver(
        new MemoryDriver({
          resolve: () => null,
          isolation,
          name: isolation,
          probe: async () => {
            if (isolation === 'qemu') await booted;
            return isolation === 'firecracker' ? probed({ state: 'absent', runtimes: [] }) : probed({});
          },
        }),
        { onEvent() {} },
      ),
    );
    registry = new DriverRegistry({ drivers, order, log: silentLog, fallback: 'weaker' });
    return { finishProbe: resolve };
  }

  test('is used when named, and neither `auto` nor a fallback comes to it', async () => {
    withQemu(['firecracker', 'process']).finishProbe();
    await registry.start();
    await expect.poll(() => registry.get('qemu', 'nodejs24').state).toBe('usable');
    expect(await registry.resolve('qemu', 'nodejs24')).toMatchObject({ isolation: 'qemu' });
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'process' });
    const moved = registry.forRevision('firecracker', 'nodejs24');
    expect(moved).toMatchObject({ state: 'usable', driver: { isolation: 'process' } });
  });

  test('may boot for long: nobody who has not named it waits for its probe', async () => {
    const { finishProbe } = withQemu(['process']);
    await registry.start();
    expect(await registry.resolve('auto', 'nodejs24')).toMatchObject({ isolation: 'process' });
    expect(await registry.resolve('qemu', 'nodejs24')).toMatchObject({ isolation: 'qemu', preparing: true });
    finishProbe();
  });
});
