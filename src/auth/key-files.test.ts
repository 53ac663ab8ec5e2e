import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAdminKey } from './admin-key.ts';
import { openSecretBox } from './master-key.ts';
import { SecretBox } from './secret-box.ts';

const ADMIN = 'an-admin-key-of-the-operator';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-keys-'));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

describe('the admin key', () => {
  test('is made once, readable by its owner alone', () => {
    const made = openAdminKey(dataDir, null);
    expect(made).toMatch(/^cf_[A-Za-z0-9_-]{43}$/);
    expect(statSync(join(dataDir, 'admin.key')).mode & 0o777).toBe(0o600);
    expect(openAdminKey(dataDir, null)).toBe(made);
  });

  test('a file others can read is narrowed', () => {
    const made = openAdminKey(dataDir, null);
    chmodSync(join(dataDir, 'admin.key'), 0o644);
    expect(openAdminKey(dataDir, null)).toBe(made);
    expect(statSync(join(dataDir, 'admin.key')).mode & 0o777).toBe(0o600);
  });

  test('a given key is used as it is, never written, and a stale file goes', () => {
    openAdminKey(dataDir, null);
    expect(openAdminKey(dataDir, ADMIN)).toBe(ADMIN);
    expect(existsSync(join(dataDir, 'admin.key'))).toBe(false);
  });

  test('a short one is refused; a cut file is replaced', () => {
    expect(() => openAdminKey(dataDir, 'x'.repeat(15))).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    writeFileSync(join(dataDir, 'admin.key'), 'cf_');
    expect(openAdminKey(dataDir, null)).toHaveLength(46);
  });
});

describe('secrets', () => {
  const owner = { secretId: 's1', functionId: 'f1' };

  test('what is sealed opens, also after a restart, and never looks the same', () => {
    const box = openSecretBox(dataDir, null);
    const sealed = box.seal('pässword', owner);
    expect(openSecretBox(dataDir, null).open(sealed, owner)).toBe('pässword');
    expect(Buffer.from(sealed.ciphertext).includes('pässword')).toBe(false);
    expect(box.seal('pässword', owner).ciphertext).not.toEqual(sealed.ciphertext);
    expect(box.open(box.seal('', owner), owner)).toBe('');
    expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600);
  });

  test('moved, changed, cut or under another key it does not open, and the error holds nothing', () => {
    const box = new SecretBox([Buffer.alloc(32, 1)]);
    const sealed = box.seal('top secret', owner);
    const flipped = Buffer.from(sealed.ciphertext);
    flipped[0]! ^= 1;
    const attempts: (() => string)[] = [
      () => box.open(sealed, { ...owner, functionId: 'f2' }),
      () => box.open(sealed, { ...owner, secretId: 's2' }),
      () => box.open({ ...sealed, ciphertext: flipped }, owner),
      () => box.open({ ...sealed, ciphertext: sealed.ciphertext.subarray(0, 8) }, owner),
      () => box.open({ ...sealed, nonce: Buffer.alloc(12) }, owner),
      () => new SecretBox([Buffer.alloc(32, 2)]).open(sealed, owner),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('a key put before the old one encrypts from then on, and old secrets still open', () => {
    const old = openSecretBox(dataDir, null);
    const sealed = old.seal('x', owner);
    const given = Buffer.alloc(32, 7);
    for (const text of [given.toString('hex'), given.toString('base64')]) {
      const rotated = openSecretBox(dataDir, text);
      expect(rotated.activeKeyId).not.toBe(old.activeKeyId);
      expect(rotated.seal('y', owner).keyId).toBe(rotated.activeKeyId);
      expect(rotated.open(sealed, owner)).toBe('x');
    }
  });

  test('a wrong key, given or in the file, is refused and never replaced', () => {
    expect(() => openSecretBox(dataDir, 'short')).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    for (const text of ['', 'rubbish\n']) {
      writeFileSync(join(dataDir, 'master.key'), text);
      expect(() => openSecretBox(dataDir, null)).toThrow(expect.objectContaining({ code: 'invalid_config' }));
      expect(readFileSync(join(dataDir, 'master.key'), 'utf8')).toBe(text);
    }
  });
});
