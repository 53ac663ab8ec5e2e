import { createHash, randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { type RuntimeId, runtimeOfVersion } from '../../domain/runtimes.ts';
import { CERTIFICATE_LINKS, CERTIFICATES, HOSTS_TEXT, LOCALE, usersOf } from '../../host/runtimes/root-contents.ts';
import { shimFiles } from '../shim-files.ts';
import { runBuildTool } from './build-tool.ts';
import { cpioArchive } from './cpio-archive.ts';
import { GUEST_FILES, type GuestFile, type GuestImages, type GuestManifest, hashOfFile } from './guest-images.ts';
import { guestModules } from './guest-modules.ts';
import { type BaseSources, debianKernel, unpackRoot } from './guest-sources.ts';
import { NotAKernel, uncompressedKernel } from './kernel-image.ts';

/** The one uid that functions run as in a guest. */
const GUEST_UID = 1000;
/** Uncompressed: a guest reads from the host's page cache, and emulated processors decompress slowly. */
const SQUASHFS = ['-noI', '-noD', '-noF', '-noX', '-all-root', '-no-xattrs', '-quiet', '-no-progress'];
/**
 * What a root file system image begins with. The dynamic linker looks in the two library folders from its start on, and remembers for
 * good which were missing.
 */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'run', 'tmp', 'var/task/lib', 'var/runtime', 'opt/lib'];

export interface GuestBuildOptions {
  images: GuestImages;
  sources: BaseSources;
  nodePath: string;
  nodeVersion: string;
  runtimesDir: string;
  onProgress: (progress: { step: string; fraction: number }) => void;
  /**
   * Checks the finished image before anybody may use it. Null when it is good, else why not. By default every image is
   * good.
   */
  check?: (candidate: GuestImages) => Promise<string | null>;
  signal: AbortSignal;
}

/**
 * Makes the guest image and points `current` at it when it is whole; older images go. On rejection or abort nothing of
 * it is left and the image before it is still in use. Rejects with SandboxError `guest_image_invalid` (what was given
 * cannot be a guest), `storage_full`, or `guest_image_failed`.
 */
export async function buildGuestImage(options: GuestBuildOptions): Promise<GuestManifest> {
  const { images, signal } = options;
  const work = join(images.directory, `.work-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(join(work, 'image'), { recursive: true, mode: 0o700 });
    const manifest = await buildIn(work, options);
    const candidate = images.below(work);
    await publish(join(work, 'image'), candidate.directory, manifest);
    const problem = (await options.check?.(candidate)) ?? null;
    if (problem !== null) throw new SandboxError('guest_image_invalid', `No guest of it answers: ${problem}`);
    await publish(join(candidate.directory, folderOf(manifest)), images.directory, manifest);
    return manifest;
  } catch (cause) {
    signal.throwIfAborted();
    throw asSandboxError(cause);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildIn(work: string, options: GuestBuildOptions): Promise<GuestManifest> {
  const { images, sources, runtimesDir, onProgress, signal } = options;
  const image = join(work, 'image');
  onProgress({ step: 'getting a kernel', fraction: 0.02 });
  const kernel = sources.kernel ?? (await debianKernel(work, sources.suite, signal));
  await writeFile(join(image, 'kernel'), uncompressedKernel(await readFile(kernel.path)), { mode: 0o444 });
  onProgress({ step: 'making the initramfs', fraction: 0.35 });
  const init = await readFile(join(runtimesDir, 'guest/init.sh'));
  await writeFile(join(image, 'initramfs'), await initramfs(kernel, init), { mode: 0o444 });
  const root = join(work, 'root');
  await unpackRoot(root, { ...sources, work, signal, onProgress: (step, fraction) => onProgress({ step, fraction }) });
  onProgress({ step: 'adding runtimes', fraction: 0.85 });
  const runtimes = await addRuntimes(root, options);
  onProgress({ step: 'writing the root file system', fraction: 0.92 });
  await runBuildTool('mksquashfs', [root, join(image, 'rootfs'), ...SQUASHFS], signal);
  await chmod(join(image, 'rootfs'), 0o444);
  const files = {} as GuestManifest['files'];
  for (const file of GUEST_FILES) files[file] = await describe(join(image, file), signal);
  return { recipe: await images.recipe(), runtimes, files };
}

async function initramfs(kernel: { modulesDir: string; busyboxPath: string }, init: Buffer): Promise<Buffer> {
  const modules = await guestModules(kernel.modulesDir);
  const order = modules.map(({ name }) => `${name}\n`).join('');
  return cpioArchive([
    ...['bin', 'dev', 'proc', 'root', 'modules'].map((name) => ({ kind: 'directory' as const, name, mode: 0o755 })),
    { kind: 'device', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'file', name: 'bin/busybox', mode: 0o755, content: await readFile(kernel.busyboxPath) },
    { kind: 'file', name: 'init', mode: 0o755, content: init },
    { kind: 'file', name: 'modules/order', mode: 0o644, content: Buffer.from(order) },
    ...modules.map(({ name, content }) => ({
      ...{ kind: 'file' as const, name: `modules/${name}.ko`, mode: 0o644 },
      content,
    })),
  ]);
}

/** Puts Node and our shims beside the Python that is there. Returns the runtimes that the image then has. */
async function addRuntimes(root: string, options: GuestBuildOptions): Promise<RuntimeId[]> {
  const python = (await readdir(join(root, 'usr/lib')).catch(() => []))
    .map((name) => runtimeOfVersion('python', /^python(3\.\d+)$/.exec(name)?.[1] ?? ''))
    .find((id) => id !== null);
  const hasPython = await stat(join(root, 'usr/bin/python3')).then(Boolean, () => false);
  if (!hasPython || python === undefined) {
    throw new SandboxError('guest_image_invalid', 'the root file system has no Python 3.11 or later in /usr/bin');
  }
  for (const folder of MOUNT_POINTS) await mkdir(join(root, folder), { recursive: true });
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await cp(options.nodePath, join(root, 'usr/local/bin/node'));
  for (const { name, content } of await shimFiles(options.runtimesDir, { withGuest: true })) {
    const target = join(root, 'var/runtime', name);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o644 });
  }
  await addIdentity(root);
  const own = runtimeOfVersion('nodejs', options.nodeVersion);
  return [own, python].filter((id) => id !== null);
}

/** Who and where a function is, the locale that LANG names, and certificates where builds of OpenSSL look for them. */
async function addIdentity(root: string): Promise<void> {
  const { passwd, group } = usersOf(GUEST_UID);
  // The resolver's file stays empty without a network. With one, the host's is bound over it.
  const texts = { passwd, group, hosts: HOSTS_TEXT, hostname: 'sandbox\n', 'resolv.conf': '' };
  for (const [name, text] of Object.entries(texts)) {
    const path = join(root, 'etc', name);
    // A link that was given would be followed out of the root.
    await rm(path, { force: true });
    await writeFile(path, text);
  }
  const { source, alias } = LOCALE;
  const hasLocale = await stat(join(root, source)).then(Boolean, () => false);
  if (hasLocale) await linkAnew(basename(source), join(root, dirname(source), alias));
  for (const path of CERTIFICATE_LINKS) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await linkAnew(CERTIFICATES, join(root, path));
  }
}

async function linkAnew(target: string, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await symlink(target, path);
}

async function describe(path: string, signal: AbortSignal): Promise<GuestManifest['files'][GuestFile]> {
  return { sha256: await hashOfFile(path, signal), bytes: (await stat(path)).size };
}

/**
 * The folder appears under its name at once, and then `current` names it. A running server keeps what it has linked.
 */
async function publish(image: string, directory: string, manifest: GuestManifest): Promise<void> {
  const folder = folderOf(manifest);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(join(image, 'manifest.json'), { force: true });
  await writeFile(join(image, 'manifest.json'), textOf(manifest), { mode: 0o444 });
  await rm(join(directory, folder), { recursive: true, force: true });
  await rename(image, join(directory, folder));
  await writeFile(join(directory, 'current.new'), `${folder}\n`);
  await rename(join(directory, 'current.new'), join(directory, 'current'));
  for (const name of await readdir(directory)) {
    if (/^[0-9a-f]{32}$/.test(name) && name !== folder)
      await rm(join(directory, name), { recursive: true, force: true });
  }
}

function textOf(manifest: GuestManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function folderOf(manifest: GuestManifest): string {
  return createHash('sha256').update(textOf(manifest)).digest('hex').slice(0, 32);
}

function asSandboxError(cause: unknown): SandboxError {
  if (cause instanceof SandboxError) return cause;
  if (cause instanceof NotAKernel) {
    const publicMessage = `The kernel cannot be used: ${cause.message}.`;
    return new SandboxError('guest_image_invalid', publicMessage, { cause });
  }
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new SandboxError('storage_full', message, { cause });
  if (code === 'ENOENT') return new SandboxError('guest_image_invalid', message, { cause });
  return new SandboxError('guest_image_failed', message, { cause });
}
