import type { MissingReason } from './missing-piece.ts';

/** Long enough for a server that is being restarted, short enough that a person still waits. */
const RETRY_AFTER_MS = [300, 1_000, 3_000];

/** Asks for a piece of the console, and again after a pause when it does not arrive. Rejects with the last failure. */
export async function loadPiece<T>(load: () => Promise<T>, pausesMs: readonly number[] = RETRY_AFTER_MS): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await load();
    } catch {
      await new Promise((wake) => setTimeout(wake, pauseMs));
    }
  }
  return await load();
}

/** How long the page itself may take before the server counts as unreachable. */
const LOOK_TIMEOUT_MS = 5_000;

/** Pieces carry a hash in their name, so a page from before an upgrade asks for files that are gone. Never rejects. */
export async function whyMissing(): Promise<MissingReason> {
  const entry = document.querySelector<HTMLScriptElement>('script[type="module"][src]');
  try {
    const reply = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) });
    if (!reply.ok || entry === null) return 'unknown';
    return (await reply.text()).includes(new URL(entry.src).pathname) ? 'unknown' : 'updated';
  } catch {
    return 'unreachable';
  }
}
