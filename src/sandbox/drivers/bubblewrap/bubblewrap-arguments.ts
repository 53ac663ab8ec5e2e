import { join } from 'node:path';
import { MIB } from '../../../domain/limits.ts';
import { INSIDE } from '../../../host/launch/inside.ts';
import { FILE_FD } from '../../../host/launch/launch.ts';
import { type HostRuntime, SANDBOX_UID_INSIDE } from '../../../host/runtimes/host-runtimes.ts';

/** What /dev/shm may hold; charged to the sandbox's memory like everything in a tmpfs. */
const SHM_MAX_MIB = 64;

export interface BubblewrapPlace {
  runtime: HostRuntime;
  channelDir: string;
  codeDir: string;
  /** The sandbox's own overlays of its runtime. When null, the shared runtime itself is bound. */
  rootDir: string | null;
  /**
   * Terminals made by the host, which bounds their number. When null, bwrap makes them, and only the host as a whole
   * bounds their number.
   */
  terminalsDir: string | null;
  /**
   * A temp file system made by the host, which can also bound the number of files. When null, bwrap makes one that is
   * bounded in bytes.
   */
  tempDir: string | null;
  diskMib: number;
  env: Record<string, string>;
  /** bwrap 0.8 and later can also forbid further user namespaces inside the sandbox. */
  canDisableUserns: boolean;
  /**
   * True for a sandbox with egress: it keeps the network namespace it is started in. Otherwise it gets an empty one.
   */
  resolvConf: string | null;
  hasFilter: boolean;
  /** True when the function's environment may name files of its package. */
  bootsWithCode: boolean;
}

/**
 * The fence: every namespace of its own, no network, no capabilities, a minimal read-only root, sized tmpfs, our seccomp
 * filter. Passed through `--args`, so that neither token nor variables appear on a command line.
 */
export function bubblewrapArguments(place: BubblewrapPlace): string[] {
  const { runtime, rootDir } = place;
  const id = String(SANDBOX_UID_INSIDE);
  return [
    '--unshare-all',
    ...(place.resolvConf === null ? [] : ['--share-net']),
    '--unshare-user',
    ...(place.canDisableUserns ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'sandbox'],
    ...['--uid', id, '--gid', id],
    ...(rootDir === null
      ? runtime.trees.flatMap(({ source, at }) => ['--ro-bind', source, at])
      : ['--ro-bind', rootDir, '/']),
    ...(place.resolvConf === null ? [] : ['--ro-bind', place.resolvConf, '/etc/resolv.conf']),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...(rootDir === null ? [] : runtime.devices).flatMap((name) => [
      '--dev-bind',
      join(rootDir ?? '', 'dev', name),
      `/dev/${name}`,
    ]),
    ...(place.terminalsDir === null ? [] : ['--dev-bind', place.terminalsDir, '/dev/pts']),
    ...['--size', String(Math.min(SHM_MAX_MIB, place.diskMib) * MIB), '--tmpfs', '/dev/shm'],
    ...['--remount-ro', '/dev'],
    ...(place.tempDir === null
      ? ['--size', String(place.diskMib * MIB), '--tmpfs', '/tmp']
      : ['--bind', place.tempDir, '/tmp']),
    ...['--ro-bind', place.codeDir, INSIDE.task],
    ...['--ro-bind', place.channelDir, INSIDE.run],
    ...['--chdir', place.bootsWithCode ? INSIDE.task : '/', '--clearenv'],
    ...Object.entries(place.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...(place.hasFilter ? ['--seccomp', String(FILE_FD)] : []),
  ];
}
