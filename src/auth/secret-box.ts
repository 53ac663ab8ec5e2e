import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { ColdframeError } from '../errors/coldframe-error.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARS = 12;

/** An encrypted value and the key it needs. */
export interface SealedSecret {
  keyId: string;
  nonce: Uint8Array;
  /** The GCM tag is its last 16 bytes. */
  ciphertext: Uint8Array;
}

/** What a secret is bound to. A secret that was moved to another id or function does not open. */
export interface SecretOwner {
  secretId: string;
  functionId: string;
}

/**
 * AES-256-GCM under the installation's master keys. The first key encrypts; the others only decrypt, so a key is rotated by
 * putting a new one before it. A key's id is made from the key, so a row says which one it needs without telling anything.
 */
export class SecretBox {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #activeId: string;

  constructor(keys: readonly Uint8Array[]) {
    for (const key of keys) {
      if (key.byteLength !== KEY_BYTES)
        throw new ColdframeError('invalid_config', { internalMessage: 'a master key has 32 bytes' });
      this.#keys.set(keyId(key), key);
    }
    const [active] = this.#keys.keys();
    if (active === undefined) throw new ColdframeError('invalid_config', { internalMessage: 'there is no master key' });
    this.#activeId = active;
  }

  get activeKeyId(): string {
    return this.#activeId;
  }

  seal(plain: string, owner: SecretOwner): SealedSecret {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keys.get(this.#activeId)!, nonce);
    cipher.setAAD(boundTo(owner));
    const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.#activeId, nonce, ciphertext };
  }

  /** Throws `internal` when the key is not among ours or anything was changed. The message holds no secret. */
  open(sealed: SealedSecret, owner: SecretOwner): string {
    const key = this.#keys.get(sealed.keyId);
    if (!key) throw unreadable(`the master key ${sealed.keyId} is not here`);
    try {
      const end = sealed.ciphertext.byteLength - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(owner)).setAuthTag(sealed.ciphertext.subarray(end));
      return decipher.update(sealed.ciphertext.subarray(0, end), undefined, 'utf8') + decipher.final('utf8');
    } catch (error) {
      throw unreadable('the secret was changed or belongs elsewhere', error);
    }
  }
}

function keyId(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('coldframe master key id\0'), key]), 'hex').slice(0, KEY_ID_CHARS);
}

function boundTo({ secretId, functionId }: SecretOwner): Buffer {
  return Buffer.from(`${secretId}\0${functionId}`);
}

function unreadable(internalMessage: string, cause?: unknown): ColdframeError {
  return new ColdframeError('internal', { internalMessage, cause });
}
