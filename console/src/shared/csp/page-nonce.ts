import { setNonce } from 'get-nonce';

/** The nonce this page came with: whatever makes styles while the page runs (Mantine, CodeMirror) has to carry it. */
export const pageNonce: string = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

/** For the scroll lock of dialogs, which takes it from this package. To be called before the first render. */
export function announceNonce(): void {
  setNonce(pageNonce);
}
