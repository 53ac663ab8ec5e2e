import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NotAKernel } from './kernel-image.ts';

/** What a guest needs of its kernel beyond what every kernel has built in: drives, channels, the root file system. */
const NEEDED = ['virtio_mmio', 'virtio_pci', 'virtio_blk', 'squashfs', 'virtio_console', 'vmw_vsock_virtio_transport'];
/** Needed only for a network. A kernel without them runs everything else. */
const WANTED = ['virtio_net'];
const DEPENDS = Buffer.from('\0depends=');

export interface KernelModule {
  name: string;
  content: Buffer;
}

/**
 * The needed modules of a kernel with everything they depend on, in loading order, from a folder such as
 * /lib/modules/VERSION. What is built into the kernel needs no file. Throws NotAKernel when a module is neither built
 * in nor in the folder.
 */
export async function guestModules(modulesDir: string): Promise<KernelModule[]> {
  const files = await readdir(modulesDir, { recursive: true });
  const paths = new Map(files.filter((file) => file.endsWith('.ko')).map((file) => [nameOf(file), file]));
  const list = await readFile(join(modulesDir, 'modules.builtin'), 'utf8').catch(() => '');
  const builtIn = new Set(
    list
      .split('\n')
      .filter((line) => line !== '')
      .map(nameOf),
  );
  const modules = new Map<string, Buffer>();
  const add = async (name: string): Promise<void> => {
    if (modules.has(name) || builtIn.has(name)) return;
    const path = paths.get(name);
    if (path === undefined) throw new NotAKernel(`its modules lack ${name} (compressed modules are not read)`);
    const content = await readFile(join(modulesDir, path));
    for (const other of dependenciesOf(content)) await add(other);
    modules.set(name, content);
  };
  for (const name of NEEDED) await add(name);
  for (const name of WANTED) if (paths.has(name)) await add(name);
  return [...modules].map(([name, content]) => ({ name, content }));
}

/** A module names its dependencies in its own `.modinfo`, so no index made by depmod is needed. */
function dependenciesOf(module: Buffer): string[] {
  const at = module.indexOf(DEPENDS);
  if (at === -1) return [];
  const from = at + DEPENDS.length;
  return module
    .toString('latin1', from, module.indexOf(0, from))
    .split(',')
    .filter((name) => name !== '')
    .map(nameOf);
}

/** File names have dashes where module names have underscores. */
function nameOf(file: string): string {
  return basename(file).replace(/\.ko$/, '').replaceAll('-', '_');
}
