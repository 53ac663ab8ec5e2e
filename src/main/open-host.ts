import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostContext } from '../contract/host-context.ts';
import type { Log } from '../domain/log.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { uuid7 } from '../ids/uuid7.ts';
import type { ControlStore, ServerIdentity } from '../store/contract/control-store.ts';
import { openInstance } from './open-instance.ts';

/** Each live sandbox has one host uid. The range lies far above ordinary users and the overflow uid (65534). */
const UID_RANGE = { first: 600_000, count: 50_000 };

/**
 * The name by which this machine owns things (`instance`), this life of its server (`epoch`, taken from the store), and
 * the run directory for sockets, slots and staged runtimes.
 */
export async function openHost(options: {
  dataDir: string;
  store: Pick<ControlStore, 'servers' | 'settings'>;
  log: Log;
}): Promise<{ host: HostContext; server: ServerIdentity }> {
  const instance = await openInstance(options.dataDir, options.store.settings);
  const server = await options.store.servers.register({ id: uuid7(), instance }, Date.now());
  const isRoot = process.getuid?.() === 0;
  const host = {
    instance,
    epoch: `e${server.epoch.toString(36)}`,
    runDir: openRunDir(instance, options.dataDir, isRoot),
    dataDir: options.dataDir,
    uidRange: isRoot ? UID_RANGE : null,
    log: options.log,
  };
  return { host, server };
}

/**
 * The run directory lies outside the data directory, which sandbox uids may not pass through. It lies on the data
 * directory's own file system where possible, so that code is linked and not copied. /run comes last, because it is
 * small and often mounted noexec.
 */
function openRunDir(instance: string, dataDir: string, isRoot: boolean): string {
  const places = isRoot ? ['/var/lib', tmpdir(), '/run'] : [tmpdir()];
  const device = statSync(dataDir).dev;
  const isNear = (place: string): boolean => statSync(place, { throwIfNoEntry: false })?.dev === device;
  for (const place of [...places.filter(isNear), ...places.filter((one) => !isNear(one))]) {
    const path = join(place, `coldframe-${instance}`);
    if (claim(path, isRoot ? 0o711 : 0o700)) return path;
  }
  throw new ColdframeError('data_dir_unusable', {
    publicMessage: 'No directory for sandbox sockets could be made: the temp directory is not writable.',
  });
}

function claim(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { recursive: true, mode });
    const stat = lstatSync(path);
    if (!stat.isDirectory() || (process.getuid && stat.uid !== process.getuid())) return false;
    chmodSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
