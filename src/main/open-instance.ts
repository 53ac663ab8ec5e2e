import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { SettingsTable } from '../store/contract/control-store.ts';

const ID_BYTES = 6;
const ID = /^[0-9a-f]{12}$/;
/** Where earlier versions, which had the store to themselves, kept the id. */
const OLD_SETTING = 'instance';

/**
 * The id under which this machine owns folders, cgroups and containers. It is read from `<dataDir>/instance`; when that
 * file is missing, a new id is written there. The id belongs to the machine and not to the store: a second server with
 * the same id would remove what the first one runs. An id that an earlier version kept in the store moves to the file,
 * once. Throws `data_dir_unusable`.
 */
export async function openInstance(dataDir: string, settings: SettingsTable): Promise<string> {
  const path = join(dataDir, 'instance');
  const known = read(path);
  if (known !== null) return known;
  const stored = await settings.get(OLD_SETTING);
  const instance = stored !== null && ID.test(stored) ? stored : randomBytes(ID_BYTES).toString('hex');
  write(path, instance);
  // Deleted only now: after a crash in between, the next start asks again and finds the same id.
  if (stored !== null) await settings.remove(OLD_SETTING);
  return instance;
}

function read(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (ID.test(text)) return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ColdframeError('data_dir_unusable', { cause: error });
  }
  throw new ColdframeError('data_dir_unusable', {
    publicMessage: `${path} holds no instance id: put it back from a copy, or remove it to begin a new one.`,
  });
}

function write(path: string, instance: string): void {
  const temporary = `${path}.new`;
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeSync(fd, `${instance}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    throw new ColdframeError('data_dir_unusable', { cause: error });
  }
}
