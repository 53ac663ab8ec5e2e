import { cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import {
  CERTIFICATE_BUNDLES,
  CERTIFICATE_LINKS,
  CERTIFICATES,
  HOSTS_TEXT,
  LOCALE,
  ROOT_ETC_FILES,
  usersOf,
} from './root-contents.ts';
import { stageFile } from './stage-file.ts';

const CONVERSIONS = 'gconv';

/** The configuration of a root: who there is, which names resolve, which certificates are trusted. */
export async function stageEtc(root: string, uid: number): Promise<void> {
  const etc = join(root, 'etc');
  await mkdir(etc, { recursive: true });
  const { passwd, group } = usersOf(uid);
  await writeFile(join(etc, 'passwd'), passwd);
  await writeFile(join(etc, 'group'), group);
  await writeFile(join(etc, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  await writeFile(join(etc, 'hosts'), HOSTS_TEXT);
  await writeFile(join(etc, 'hostname'), 'sandbox\n');
  // Empty without egress; with it, the resolver's file is bound over it.
  await writeFile(join(etc, 'resolv.conf'), '');
  await symlink('/usr/share/zoneinfo/UTC', join(etc, 'localtime'));
  for (const name of ROOT_ETC_FILES) {
    if (await exists(join('/etc', name))) await stageFile(join('/etc', name), join(etc, name));
  }
  await stageCertificates(root);
}

/** One bundle, under every name that some build of OpenSSL asks for. A host without any has none to give. */
async function stageCertificates(root: string): Promise<void> {
  for (const bundle of CERTIFICATE_BUNDLES) {
    if (!(await exists(bundle))) continue;
    await stageFile(bundle, join(root, CERTIFICATES));
    for (const name of CERTIFICATE_LINKS) {
      const link = join(root, name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(relative(dirname(name), CERTIFICATES), link);
    }
    return;
  }
}

/** The C library's UTF-8 locale, also under the name that LANG has, and its conversions between character sets. */
export async function stageLocale(root: string, libraries: readonly string[]): Promise<void> {
  if (await exists(LOCALE.source)) {
    const folder = join(root, dirname(LOCALE.source));
    await cp(LOCALE.source, join(root, LOCALE.source), { recursive: true });
    await symlink(relative(dirname(LOCALE.source), LOCALE.source), join(folder, LOCALE.alias));
  }
  const libc = libraries.find((path) => /\/libc\.so\.\d+$/.test(path));
  const conversions = join(dirname(libc ?? '/lib/libc.so.6'), CONVERSIONS).replace(/^\/lib/, '/usr/lib');
  const entries = await readdir(conversions, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    await stageFile(path, join(root, path));
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
