import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverLog, HostContext } from '../contract/host-context.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { SettingsTable } from '../store/control-store.ts';

const INSTANCE_KEY = 'instance';
/** One host uid per live sandbox; far above ordinary users, below the overflow uid's neighbourhood of other tools. */
const UID_RANGE = { first: 600_000, count: 50_000 };

/** The installation's identity, this start's epoch, and the run directory for sockets, slots and staged runtimes. */
export async function openHost(options: {
  dataDir: string;
  settings: SettingsTable;
  log: DriverLog;
}): Promise<HostContext> {
  const instance = (await options.settings.get(INSTANCE_KEY)) ?? (await nameInstance(options.settings));
  const isRoot = process.getuid?.() === 0;
  return {
    instance,
    epoch: `e${Date.now().toString(36)}`,
    runDir: openRunDir(instance, options.dataDir, isRoot),
    dataDir: options.dataDir,
    uidRange: isRoot ? UID_RANGE : null,
    log: options.log,
  };
}

async function nameInstance(settings: SettingsTable): Promise<string> {
  const instance = randomBytes(6).toString('hex');
  await settings.put(INSTANCE_KEY, instance);
  return instance;
}

/**
 * Outside the data directory, which sandbox uids may not pass through. On the data directory's own file system where
 * possible, so that code is linked and not copied; /run last, since it is small and often mounted noexec.
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
