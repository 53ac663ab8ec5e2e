import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { secretToken } from '../ids/random-id.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

const GIVEN_MIN_CHARS = 16;

/**
 * The admin key: the given one (COLDFRAME_ADMIN_KEY), else that of `<dataDir>/admin.key`, else a new one written there with
 * mode 0600 for the CLI on this machine. A given key is never written; a file with another key is removed then, since it no
 * longer opens anything. Throws `invalid_config`, `data_dir_unusable`.
 */
export function openAdminKey(dataDir: string, given: string | null): string {
  const path = join(dataDir, 'admin.key');
  if (given !== null) {
    if (given.length < GIVEN_MIN_CHARS) {
      const publicMessage = `COLDFRAME_ADMIN_KEY is not valid: it takes at least ${GIVEN_MIN_CHARS} characters.`;
      throw new ColdframeError('invalid_config', { publicMessage });
    }
    if (readKeyFile(path) !== given) rmSync(path, { force: true });
    return given;
  }
  const stored = readKeyFile(path);
  if (stored !== null && stored.length >= GIVEN_MIN_CHARS) return stored;
  if (stored !== null) rmSync(path);
  const fresh = secretToken('cf_');
  writeKeyFile(path, fresh);
  return fresh;
}
