import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../domain/log.ts';

/** A directory of its own for one test; gone when the test's scope ends. */
export async function tempDir(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'coldframe-store-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Takes lines and keeps them, for tests that say what must be logged. */
export function keptLog(): Log & { lines: string[] } {
  const lines: string[] = [];
  const keep = (_fields: Record<string, unknown>, message: string): void => void lines.push(message);
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}
