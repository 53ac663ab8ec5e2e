import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runTool } from '../../host/run-tool.ts';
import { buildGuestImage, type GuestBuildOptions } from './guest-build.ts';
import { GuestImages } from './guest-images.ts';
import { whyNoGuest } from './testing/guest-rig.ts';

const NEVER = new AbortController().signal;
const reason = await whyNoGuest();
const runtimesDir = resolve(import.meta.dirname, '../../../runtimes');

/** Parts that look like a guest's as far as building one looks; nothing here boots. */
describe.skipIf(reason !== null)('a guest image from given parts (needs mksquashfs)', () => {
  let parent: string;
  let images: GuestImages;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'cf-guest-'));
    images = new GuestImages({ dataDir: join(parent, 'data'), runtimesDir, nodeVersion: '24.0.0' });
    const kernel = Buffer.alloc(4096);
    kernel.writeUInt32BE(0x7f454c46);
    writeFileSync(join(parent, 'kernel'), kernel);
    writeFileSync(join(parent, 'busybox'), 'busybox');
    writeFileSync(join(parent, 'node'), 'node');
    mkdirSync(join(parent, 'modules'));
    const builtIn = ['virtio_mmio', 'virtio_pci', 'virtio_blk', 'virtio_console', 'vmw_vsock_virtio_transport'];
    writeFileSync(join(parent, 'modules/modules.builtin'), builtIn.map((name) => `kernel/${name}.ko\n`).join(''));
    writeFileSync(join(parent, 'modules/squashfs.ko'), 'elf\0depends=zlib-inflate\0rest');
    writeFileSync(join(parent, 'modules/zlib_inflate.ko'), 'elf\0depends=\0rest');
    for (const folder of ['usr/bin', 'usr/lib/python3.11', 'etc']) {
      mkdirSync(join(parent, 'root', folder), { recursive: true });
    }
    writeFileSync(join(parent, 'root/usr/bin/python3'), 'python');
    writeFileSync(join(parent, 'root/etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const build = (change: Partial<GuestBuildOptions> = {}) =>
    buildGuestImage({
      images,
      sources: {
        kernel: {
          path: join(parent, 'kernel'),
          modulesDir: join(parent, 'modules'),
          busyboxPath: join(parent, 'busybox'),
        },
        rootfsPath: join(parent, 'root'),
        suite: 'bookworm',
      },
      nodePath: join(parent, 'node'),
      nodeVersion: '24.0.0',
      runtimesDir,
      onProgress: () => {},
      signal: NEVER,
      ...change,
    });

  test('is found whole, with the runtimes that it has, its modules in order; the one before goes', async () => {
    expect(await images.find(NEVER)).toMatchObject({ state: 'absent' });
    const manifest = await build();
    expect(manifest.runtimes).toEqual(['nodejs24', 'python3.11']);
    const first = await images.find(NEVER);
    expect(first).toMatchObject({ state: 'whole', image: { runtimes: ['nodejs24', 'python3.11'] } });
    if (first.state !== 'whole') throw new Error(first.detail);
    expect(readFileSync(first.image.initramfsPath, 'latin1')).toContain('zlib_inflate\nsquashfs\n');
    writeFileSync(join(parent, 'busybox'), 'another');
    await build();
    expect(readdirSync(images.directory).filter((name) => name.length === 32)).toHaveLength(1);
    const second = await images.find(NEVER);
    expect(second.state === 'whole' && second.image.digest).not.toBe(first.image.digest);
  });

  test('what cannot be a guest is refused with what is wrong, and the one before stays in use', async () => {
    await build();
    const before = await images.find(NEVER);
    const given = (name: string, content: string | Buffer) => {
      writeFileSync(join(parent, name), content);
      return join(parent, name);
    };
    const kernel = {
      path: join(parent, 'kernel'),
      modulesDir: join(parent, 'modules'),
      busyboxPath: join(parent, 'busybox'),
    };
    const rootfsPath = join(parent, 'root');
    mkdirSync(join(parent, 'no-python'));
    mkdirSync(join(parent, 'no-modules'));
    for (const [sources, message] of [
      [{ kernel: { ...kernel, path: given('text', 'no kernel at all') }, rootfsPath }, /neither a bzImage/],
      [{ kernel: { ...kernel, modulesDir: join(parent, 'no-modules') }, rootfsPath }, /lack virtio_mmio/],
      [{ kernel: { ...kernel, busyboxPath: join(parent, 'nowhere') }, rootfsPath }, /ENOENT/],
      [{ kernel, rootfsPath: given('noise.tar', Buffer.alloc(50_000, 0xee)) }, /neither a folder nor a whole tar/],
      [{ kernel, rootfsPath: join(parent, 'no-python') }, /no Python/],
    ] as const) {
      const failed = build({ sources: { ...sources, suite: 'bookworm' } });
      await expect(failed).rejects.toMatchObject({
        code: 'guest_image_invalid',
        message: expect.stringMatching(message),
      });
      expect(await images.find(NEVER)).toEqual(before);
      expect(readdirSync(images.directory).filter((name) => name.startsWith('.work'))).toEqual([]);
    }
    const unbootable = build({ check: async () => 'the guest said nothing' });
    await expect(unbootable).rejects.toMatchObject({ code: 'guest_image_invalid' });
    expect(await images.find(NEVER)).toEqual(before);
  });

  test.skipIf(process.getuid?.() !== 0)('a full disk is storage_full, and nothing is left (needs root)', async () => {
    const dataDir = join(parent, 'small');
    mkdirSync(dataDir);
    const limit = AbortSignal.timeout(10_000);
    await runTool('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dataDir], limit);
    try {
      writeFileSync(join(parent, 'node'), Buffer.alloc(1024 * 1024, 1));
      const small = images.below(dataDir);
      await expect(build({ images: small })).rejects.toMatchObject({ code: 'storage_full' });
      expect(readdirSync(small.directory)).toEqual([]);
    } finally {
      await runTool('umount', ['-l', dataDir], limit);
    }
  });

  test('stopping it leaves nothing', async () => {
    const controller = new AbortController();
    const building = build({ signal: controller.signal, onProgress: () => controller.abort(new Error('stop')) });
    await expect(building).rejects.toThrow('stop');
    expect(readdirSync(images.directory)).toEqual([]);
  });
});
