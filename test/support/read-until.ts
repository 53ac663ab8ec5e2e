import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Reads until what was read is accepted, and returns it; after the deadline it returns the last reading, for `expect` to judge. */
export async function readUntil<T>(
  read: () => T | Promise<T>,
  isWanted: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const endAtMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isWanted(value) || performance.now() > endAtMs) return value;
    await pause(LOOK_EVERY_MS);
  }
}
