import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { DEFAULT_DOCKER_SOCKET } from '../host/docker/docker-host.ts';
import { EngineClient } from '../host/docker/engine-client.ts';
import { EngineError } from '../host/docker/engine-error.ts';
import { engineProxy, whyNoDocker } from '../host/docker/engine-rig.ts';
import { DEFAULT_BASE_IMAGE, DEFAULT_SUITE, RuntimeImages } from './runtime-images.ts';

/** Bootstrapping a base from packages takes half a minute, once; the base is then shared by all tests and servers. */
const BOOTSTRAP_TEST_MS = 600_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = new AbortController().signal;

const reason = await whyNoDocker();
const engine = new EngineClient({ socketPath: DEFAULT_DOCKER_SOCKET });
const directory = mkdtempSync(join(tmpdir(), 'cf-images-'));
// Shims of its own, so that this test's images are nobody else's.
cpSync(resolve('runtimes'), directory, { recursive: true });
writeFileSync(join(directory, 'node', 'mark.mjs'), `// ${directory}\n`);
const made = new Set<string>();

beforeEach(({ skip }) => {
  if (reason) skip(reason);
});

afterAll(async () => {
  for (const reference of made) await engine.removeImage(reference);
  await engine.close();
  rmSync(directory, { recursive: true });
});

function images(overrides: Partial<ConstructorParameters<typeof RuntimeImages>[0]> = {}): RuntimeImages {
  return new RuntimeImages({
    engine,
    log: SILENT,
    nodePath: process.execPath,
    nodeVersion: process.versions.node,
    runtimesDir: directory,
    baseImage: DEFAULT_BASE_IMAGE,
    suite: DEFAULT_SUITE,
    ...overrides,
  });
}

test(
  'an image with both runtimes is made, with or without a registry, and found at once afterwards',
  async () => {
    const store = images();
    expect(await store.find(NEVER)).toBeNull();
    const steps: number[] = [];
    const both = [
      store.prepareImages({ signal: NEVER, onProgress: ({ fraction }) => steps.push(fraction) }),
      store.prepareImages({ signal: NEVER }),
    ];
    const [image, same] = await Promise.all(both);
    made.add(image!.reference);
    expect(same).toBe(image);
    expect(image!.runtimes).toEqual(['nodejs24', 'python3.11']);
    expect(image!.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(store.progress).toBeNull();

    const beganMs = performance.now();
    expect(await images().prepareImages({ signal: NEVER })).toEqual(image);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  },
  BOOTSTRAP_TEST_MS,
);

test(
  'inside, both interpreters run without privileges, and nothing is set-uid',
  async () => {
    const { reference } = await images().prepareImages({ signal: NEVER });
    const inside = (...command: string[]) =>
      execFileSync(
        'docker',
        ['run', '--rm', '--network=none', '--read-only', '--user=600007:600007', reference, ...command],
        {
          encoding: 'utf8',
        },
      ).trim();
    expect(inside('python3', '-c', 'import ssl, sqlite3, json; print(json.dumps([1]))')).toBe('[1]');
    expect(
      inside(
        'sh',
        '-c',
        'find / -xdev -perm /6000 -type f 2>/dev/null; ls /var/task /opt; test -d /run/coldframe && echo dirs',
      ),
    ).toBe('/opt:\nlib\n\n/var/task:\nlib\ndirs');
    expect(inside('ls', '/var/runtime/node')).toContain('mark.mjs');
  },
  BOOTSTRAP_TEST_MS,
);

test(
  'changed shims give a new image and leave the old one while it may be used',
  async () => {
    const before = await images().prepareImages({ signal: NEVER });
    writeFileSync(join(directory, 'python', 'mark.py'), '# changed\n');
    const after = await images().prepareImages({ signal: NEVER });
    made.add(after.reference);
    expect(after.reference).not.toBe(before.reference);
    expect(await engine.inspectImage(before.reference)).not.toBeNull();
  },
  BOOTSTRAP_TEST_MS,
);

test(
  'a Node that is not what it was said to be never becomes an image',
  async () => {
    const store = images({ nodeVersion: '24.0.99' });
    await expect(store.prepareImages({ signal: NEVER })).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    expect(store.failure?.message).toContain('node --version');
    expect(store.current).toBeNull();
  },
  BOOTSTRAP_TEST_MS,
);

test(
  'an abort by the last caller stops the work; the next call begins anew and succeeds',
  async () => {
    const store = images();
    writeFileSync(join(directory, 'python', 'mark.py'), '# again\n');
    const control = new AbortController();
    const first = store.prepareImages({ signal: control.signal, onProgress: () => control.abort() });
    await expect(first).rejects.toMatchObject({ code: 'isolation_preparing' });
    const image = await store.prepareImages({ signal: NEVER });
    made.add(image.reference);
    expect(store.current).toEqual(image);
    expect(store.failure).toBeNull();
  },
  BOOTSTRAP_TEST_MS,
);

test(
  'a daemon that dies during the build is a failure with a reason, and the next try succeeds',
  async () => {
    writeFileSync(join(directory, 'python', 'mark.py'), '# cut\n');
    let cut = true;
    const proxy = await engineProxy((request) => (cut && request.includes('/build?') ? 'cut' : 'pass'));
    const cutEngine = new EngineClient({ socketPath: proxy.path });
    try {
      const store = images({ engine: cutEngine });
      await expect(store.prepareImages({ signal: NEVER })).rejects.toMatchObject({ code: 'sandbox_start_failed' });
      expect(store.failure?.cause).toBeInstanceOf(EngineError);
      cut = false;
      made.add((await store.prepareImages({ signal: NEVER })).reference);
    } finally {
      await cutEngine.close();
      await proxy.close();
    }
  },
  BOOTSTRAP_TEST_MS,
);

test('without a daemon the preparation is refused as unavailable', async () => {
  const absent = new EngineClient({ socketPath: '/nonexistent/docker.sock' });
  const store = images({ engine: absent });
  await expect(store.prepareImages({ signal: NEVER })).rejects.toMatchObject({ code: 'isolation_unavailable' });
  await absent.close();
});
