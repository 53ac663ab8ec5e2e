import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { BASE_PACKAGES } from '../debian-base.ts';
import { runBuildTool } from './build-tool.ts';

/** Documentation is of no use in a guest, and it is a third of the size. */
const EXCLUDED = ['man', 'doc', 'info', 'locale', 'lintian'].map((name) => `/usr/share/${name}/*`);

/** The sources of an image. A source that is null comes from Debian's packages. */
export interface BaseSources {
  kernel: KernelSource | null;
  /** A folder, or an archive that tar reads, with Python in it. */
  rootfsPath: string | null;
  suite: string;
}

export interface KernelSource {
  /** A bzImage or an uncompressed vmlinux. */
  path: string;
  /** Its /lib/modules/VERSION. */
  modulesDir: string;
  /** A static busybox. */
  busyboxPath: string;
}

/**
 * Takes Debian's kernel for cloud machines and its static busybox out of their packages. Nothing is installed or
 * configured.
 */
export async function debianKernel(work: string, suite: string, signal: AbortSignal): Promise<KernelSource> {
  const archive = join(work, 'kernel.tar');
  const directory = join(work, 'kernel');
  const include = '--include=linux-image-cloud-amd64,busybox-static';
  await runBuildTool('mmdebstrap', ['--variant=extract', include, suite, archive], signal);
  await mkdir(directory);
  await runBuildTool('tar', ['-xf', archive, '-C', directory, '--no-same-owner'], signal);
  await rm(archive);
  const [kernel] = (await readdir(join(directory, 'boot'))).filter((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new SandboxError('guest_image_failed', 'the kernel package has no kernel');
  const busybox = await firstThere(['bin/busybox', 'usr/bin/busybox'].map((path) => join(directory, path)));
  return {
    path: join(directory, 'boot', kernel),
    modulesDir: join(directory, 'lib/modules', kernel.replace('vmlinuz-', '')),
    busyboxPath: busybox,
  };
}

/** Unpacks the root file system into `root`: the one that was given, else a minimal Debian with Python. */
export async function unpackRoot(
  root: string,
  options: {
    rootfsPath: string | null;
    suite: string;
    work: string;
    onProgress: (step: string, fraction: number) => void;
    signal: AbortSignal;
  },
): Promise<void> {
  const { rootfsPath, suite, work, signal } = options;
  await mkdir(root);
  let archive = rootfsPath;
  if (archive === null) {
    options.onProgress(`bootstrapping Debian ${suite}`, 0.4);
    archive = join(work, 'root.tar');
    const excluded = EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`);
    await runBuildTool(
      'mmdebstrap',
      ['--variant=minbase', `--include=${BASE_PACKAGES}`, ...excluded, suite, archive],
      signal,
    );
  }
  options.onProgress('unpacking the root file system', 0.75);
  const found = await stat(archive);
  if (found.isDirectory()) await runBuildTool('cp', ['-a', '--no-preserve=ownership', `${archive}/.`, root], signal);
  else await unpack(archive, root, rootfsPath !== null, signal);
  for (const folder of ['dev', 'proc', 'sys', 'var/lib/apt/lists', 'var/cache/apt', 'var/log']) {
    await rm(join(root, folder), { recursive: true, force: true });
  }
  for (const file of ['etc/resolv.conf', 'etc/hostname']) await rm(join(root, file), { force: true });
  await runBuildTool(
    'find',
    [root, '-xdev', '-type', 'f', '-perm', '/6000', '-exec', 'chmod', 'a-s', '{}', '+'],
    signal,
  );
}

async function unpack(archive: string, root: string, isGiven: boolean, signal: AbortSignal): Promise<void> {
  try {
    await runBuildTool('tar', ['-xf', archive, '-C', root, '--no-same-owner', '--exclude=./dev/*'], signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isGiven || (error instanceof SandboxError && error.code === 'storage_full')) throw error;
    const message = 'the root file system is neither a folder nor a whole tar archive';
    throw new SandboxError('guest_image_invalid', message, { cause: error });
  }
}

async function firstThere(paths: string[]): Promise<string> {
  for (const path of paths) if ((await stat(path).catch(() => null)) !== null) return path;
  throw new SandboxError('guest_image_failed', 'the busybox package has no busybox');
}
