import { randomBytes } from 'node:crypto';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { tarArchive } from '../../images/tar-archive.ts';
import { DEFAULT_DOCKER_SOCKET } from './docker-host.ts';
import { EngineClient } from './engine-client.ts';
import { buildImage, importImage } from './engine-images.ts';
import { whyNoDocker } from './engine-rig.ts';
import type { ContainerConfig } from './engine-types.ts';

const reason = await whyNoDocker();
const engine = new EngineClient({ socketPath: DEFAULT_DOCKER_SOCKET });
const mark = `coldframe-test-${randomBytes(4).toString('hex')}`;
const reference = `${mark}:1`;

beforeEach(({ skip }) => {
  if (reason) skip(reason);
});

afterAll(async () => {
  if (!reason) {
    for (const { Id } of await engine.listContainers([mark])) await engine.removeContainer(Id);
    await engine.removeImage(`${reference}-built`);
    await engine.removeImage(reference);
    expect(await engine.listContainers([mark])).toEqual([]);
    expect(await engine.inspectImage(reference)).toBeNull();
  }
  await engine.close();
});

function config(): ContainerConfig {
  return {
    Image: reference,
    Entrypoint: ['/nothing'],
    Cmd: [],
    User: '600000:600000',
    WorkingDir: '/',
    Env: [],
    Labels: { [mark]: '1' },
    NetworkDisabled: true,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 16,
      Memory: 64 * 1024 * 1024,
      MemorySwap: 64 * 1024 * 1024,
      CpuPeriod: 100_000,
      CpuQuota: 100_000,
      IpcMode: 'private',
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [],
      Tmpfs: {},
      Ulimits: [],
      AutoRemove: false,
      Init: false,
      RestartPolicy: { Name: 'no' },
    },
  };
}

test('the real daemon greets, tells its version and what it can do', async () => {
  expect(await engine.apiVersion()).toMatch(/^1\.\d+$/);
  const info = await engine.info();
  expect(info.OSType).toBe('linux');
  expect(['cgroupfs', 'systemd']).toContain(info.CgroupDriver);
});

test('an archive becomes an image with its labels, and one image is built on another without a network', async () => {
  const archive = tarArchive([{ name: 'hello', mode: 0o644, content: Buffer.from('hi') }]);
  await importImage(engine, reference, archive, { changes: [`LABEL ${mark}=1`], onProgress: () => {} });
  expect((await engine.inspectImage(reference))?.Config?.Labels?.[mark]).toBe('1');
  const dockerfile = Buffer.from(`FROM ${reference}\nCOPY more /more\n`);
  const context = tarArchive([
    { name: 'Dockerfile', mode: 0o644, content: dockerfile },
    { name: 'more', mode: 0o644, content: Buffer.from('x') },
  ]);
  const steps: string[] = [];
  await buildImage(engine, `${reference}-built`, context, {
    labels: { [`${mark}.built`]: 'yes' },
    onProgress: ({ stream }) => stream && steps.push(stream),
  });
  expect(steps.join('')).toContain('COPY more');
  expect((await engine.listImages([`${mark}.built`])).map((image) => image.RepoTags?.[0])).toEqual([
    `${reference}-built`,
  ]);
});

test('a container is created, listed by its label, fails to start what is not there, and is removed twice without harm', async () => {
  const name = `${mark}-a`;
  const id = await engine.createContainer(name, config());
  expect((await engine.listContainers([`${mark}=1`])).map((container) => container.Id)).toEqual([id]);
  await expect(engine.createContainer(name, config())).rejects.toMatchObject({ kind: 'conflict' });
  await expect(engine.startContainer(id)).rejects.toMatchObject({ kind: 'refused', status: 400 });
  expect((await engine.inspectContainer(name)).State.Running).toBe(false);
  expect(await engine.killContainer(id)).toBe(false);
  expect(await engine.removeImage(reference)).toBe(false);
  expect(await engine.removeContainer(id)).toBe(true);
  expect(await engine.removeContainer(id)).toBe(false);
});

test('what does not exist is not_found or null, and a bad image name is refused', async () => {
  await expect(engine.inspectContainer(`${mark}-none`)).rejects.toMatchObject({ kind: 'not_found' });
  expect(await engine.inspectImage(`${mark}:none`)).toBeNull();
  await expect(engine.createContainer(`${mark}-b`, { ...config(), Image: `${mark}:none` })).rejects.toMatchObject({
    kind: 'not_found',
  });
});
