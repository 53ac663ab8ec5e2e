import type { SecretRow } from '../store/contract/control-store.ts';

/** What a ciphertext is bound to: moved to another secret or function it does not open. */
export interface SecretOwner {
  secretId: string;
  functionId: string;
}

/** Encrypts env secrets; wired to the master key by main.ts. */
export interface SecretSealer {
  seal(plain: string, owner: SecretOwner): Pick<SecretRow, 'keyId' | 'nonce' | 'ciphertext'>;
  /** Throws when the key is gone or the row was tampered with. */
  open(row: Pick<SecretRow, 'keyId' | 'nonce' | 'ciphertext'>, owner: SecretOwner): string;
}
