import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { openDataDir } from '../../config/data-dir.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { buildGuestImage } from '../../images/guest/guest-build.ts';
import { GuestImages } from '../../images/guest/guest-images.ts';
import type { BaseSources, KernelSource } from '../../images/guest/guest-sources.ts';
import type { Vmm } from '../../microvm/vmm.ts';
import type { CliContext } from '../cli-context.ts';
import type { Parameter } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { bootOnce } from './boot-once.ts';

const RUNTIMES_DIR = resolve(import.meta.dirname, '../../../runtimes');
const BUSYBOX = '/bin/busybox';

export const GUEST_OPTIONS: readonly Parameter[] = [
  { name: '--kernel <file>', meaning: 'bzImage or vmlinux; default: Debian’s cloud kernel, from its package' },
  { name: '--modules <folder>', meaning: 'the kernel’s modules; default: /lib/modules/VERSION by the kernel’s name' },
  { name: '--busybox <file>', meaning: `a static busybox, with a given kernel; default ${BUSYBOX}` },
  {
    name: '--rootfs <path>',
    meaning: 'folder or tar archive with python3; default: a minimal Debian, from its packages',
  },
  { name: '--suite <name>', meaning: 'Debian suite that packages come from; default bookworm' },
];

/**
 * Makes the guest image in the data directory and boots it once before it takes the place of the one before. A server that runs
 * finds it by itself within seconds. What fails leaves everything as it was.
 */
export async function setUpGuest(
  context: CliContext,
  options: Record<string, string | boolean | undefined>,
  vmm: Vmm,
): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const { signal } = stopping;
  const sources = sourcesOf(options);
  try {
    const dataDir = openDataDir(context.flags.dataDir ?? context.config.dataDir, context.config.xdgDataHome);
    const about = { runtimesDir: RUNTIMES_DIR, nodeVersion: process.versions.node };
    const images = new GuestImages({ dataDir: dataDir.path, ...about });
    const manifest = await buildGuestImage({
      ...{ images, sources, ...about, nodePath: process.execPath, signal },
      onProgress: ({ step, fraction }) =>
        context.out.progress(`${String(Math.round(fraction * 100)).padStart(3)}%  ${step}`),
      check: async (candidate) => {
        context.out.progress(' 95%  booting it once');
        return bootOnce(vmm, candidate, signal);
      },
    });
    context.out.data({ dataDir: dataDir.path, runtimes: manifest.runtimes, files: manifest.files }, () => {
      const mib = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0) / 1024 / 1024;
      return `The guest image is ready: ${manifest.runtimes.join(', ')}, ${Math.round(mib)} MiB in ${dataDir.path}/guest.`;
    });
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) throw new CliError(EXIT.usage, 'Stopped. Nothing was changed.');
    if (!(error instanceof ColdframeError)) throw error;
    throw new CliError(EXIT.refused, `${error.message} (${error.code})`, error.entry.whatToDo);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function sourcesOf(options: Record<string, string | boolean | undefined>): BaseSources {
  const path = (name: string): string | null => (typeof options[name] === 'string' ? resolve(options[name]) : null);
  const given = { kernel: path('kernel'), modules: path('modules'), busybox: path('busybox'), rootfs: path('rootfs') };
  for (const [name, file] of Object.entries(given)) {
    if (file !== null && !existsSync(file)) throw new CliError(EXIT.usage, `--${name}: there is nothing at ${file}.`);
  }
  if (given.kernel === null && (given.modules !== null || given.busybox !== null)) {
    throw new CliError(EXIT.usage, '--modules and --busybox go with --kernel.');
  }
  const suite = typeof options.suite === 'string' ? options.suite : 'bookworm';
  if (!/^[a-z]+$/.test(suite)) throw new CliError(EXIT.usage, '--suite takes the name of a Debian suite.');
  return { kernel: given.kernel === null ? null : kernelOf(given.kernel, given), rootfsPath: given.rootfs, suite };
}

function kernelOf(kernel: string, given: { modules: string | null; busybox: string | null }): KernelSource {
  const modulesDir = given.modules ?? `/lib/modules/${basename(kernel).replace(/^vmlinu[xz]-/, '')}`;
  const busyboxPath = given.busybox ?? BUSYBOX;
  if (!existsSync(modulesDir))
    throw new CliError(EXIT.usage, `There are no modules at ${modulesDir}.`, 'Give --modules.');
  if (!existsSync(busyboxPath)) {
    throw new CliError(EXIT.usage, `There is no ${busyboxPath}.`, 'apt-get install busybox-static, or give --busybox.');
  }
  return { path: kernel, modulesDir, busyboxPath };
}
