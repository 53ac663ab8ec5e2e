import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { SecretBox } from './secret-box.ts';

const KEY_BYTES = 32;

/**
 * The box of this installation. Its keys: the given one (COLDFRAME_MASTER_KEY) first, then those of `<dataDir>/master.key`,
 * one a line, newest first, in base64 or hex. With neither, a new file is made. Throws `invalid_config`, `data_dir_unusable`.
 */
export function openSecretBox(dataDir: string, given: string | null): SecretBox {
  const path = join(dataDir, 'master.key');
  const text = readKeyFile(path);
  const stored = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  const keys = [...(given === null ? [] : [given]), ...stored].map(parseKey);
  if (keys.length > 0) return new SecretBox(keys);
  // An empty file is a lost key, not a first start: a new key would make every stored secret unreadable without a word.
  if (text !== null) throw invalidKey();
  const fresh = randomBytes(KEY_BYTES);
  writeKeyFile(path, fresh.toString('base64'));
  return new SecretBox([fresh]);
}

function parseKey(text: string): Uint8Array {
  const trimmed = text.trim();
  const isHex = /^[0-9a-fA-F]{64}$/.test(trimmed);
  const isBase64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed);
  if (!isHex && !isBase64) throw invalidKey();
  return Buffer.from(trimmed, isHex ? 'hex' : 'base64');
}

function invalidKey(): ColdframeError {
  const publicMessage = 'COLDFRAME_MASTER_KEY or master.key is not valid: a key is 32 bytes in base64 or hex.';
  return new ColdframeError('invalid_config', { publicMessage });
}
