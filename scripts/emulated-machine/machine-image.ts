import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const SUITE = 'bookworm';
/** The kernel brings kvm-amd; the rest is what sandboxes and their images are made with. */
const PACKAGES = [
  ...['linux-image-cloud-amd64', 'kmod', 'util-linux', 'mount', 'procps', 'iproute2', 'nftables'],
  ...['squashfs-tools', 'busybox-static', 'python3', 'libstdc++6', 'coreutils'],
];
const UNNEEDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];
/** Beside what is in it, for run directories and snapshots; the file is sparse. */
const FREE_MIB = 6_144;

export interface MachineImage {
  kernelPath: string;
  diskPath: string;
}

export interface MachineContents {
  /** Kept from run to run: the packages, which take minutes. */
  cacheDir: string;
  /** Of this run alone. */
  workDir: string;
  /** What to copy in; `except` are base names left out. */
  files: { from: string; to: string; except?: readonly string[] }[];
  /** What process 1 does; run by /bin/sh. */
  init: string;
}

/** The disk and kernel of a machine to emulate: Debian from its packages, with files of ours. Needs root and a mirror. */
export function buildMachineImage({ cacheDir, workDir, files, init }: MachineContents): MachineImage {
  const root = join(workDir, 'root');
  mkdirSync(root, { recursive: true });
  execFileSync('tar', ['-C', root, '-xf', basePackages(cacheDir)]);
  for (const { from, to, except = [] } of files) {
    const target = join(root, to);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(from, target, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !except.includes(basename(path)),
    });
  }
  const initPath = join(root, 'sbin/coldframe-init');
  writeFileSync(initPath, `#!/bin/sh\n${init}`);
  chmodSync(initPath, 0o755);
  const kernel = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error('the packages brought no kernel');
  const kernelPath = join(workDir, 'kernel');
  cpSync(join(root, 'boot', kernel), kernelPath);
  const diskPath = join(workDir, 'disk.img');
  const usedMib = Number(execFileSync('du', ['-sm', root], { encoding: 'utf8' }).split('\t')[0]);
  const sizeMib = Math.ceil(usedMib * 1.2) + FREE_MIB;
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', root, diskPath, `${sizeMib}M`]);
  rmSync(root, { recursive: true, force: true });
  return { kernelPath, diskPath };
}

/** Takes a file out of a machine that has powered off. Throws when it has none there. */
export function takeFile({ diskPath }: MachineImage, { from, to }: { from: string; to: string }): void {
  const said = spawnSync('debugfs', ['-R', `dump ${from} ${to}`, diskPath], { encoding: 'utf8' });
  if (/not found/i.test(said.stderr)) throw new Error(`the machine has no ${from}`);
}

function basePackages(cacheDir: string): string {
  const recipe = createHash('sha256')
    .update(JSON.stringify([SUITE, PACKAGES, UNNEEDED]))
    .digest('hex')
    .slice(0, 12);
  const path = join(cacheDir, `packages-${recipe}.tar`);
  if (existsSync(path)) return path;
  mkdirSync(cacheDir, { recursive: true });
  process.stdout.write(`Fetching ${PACKAGES.length} Debian packages and what they need (once; minutes) ...\n`);
  const partial = `${path}.part.tar`;
  const args = [
    '--variant=minbase',
    `--include=${PACKAGES.join(',')}`,
    ...UNNEEDED.map((one) => `--dpkgopt=path-exclude=${one}`),
  ];
  const made = spawnSync('mmdebstrap', [...args, '--aptopt=Apt::Install-Recommends "false"', SUITE, partial], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`mmdebstrap failed: ${made.error ?? made.stderr.slice(-1_000)}`);
  renameSync(partial, path);
  return path;
}
