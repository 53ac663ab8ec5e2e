import { BootEnded, type BootOutput } from '../../contract/boot-ended.ts';
import type { SandboxSpec } from '../../contract/driver.ts';

/** What a runtime itself may take until it connects, on a busy host, in ms: a function's time to load begins behind it. */
const RUNTIME_MAX_MS = 5_000;

/**
 * Waits for the shim of a program that has started. Where the function's own variables or files were there at boot they may keep it from
 * ever connecting: then this rejects with BootEnded once the function's time to load is over.
 */
export async function withinInit<T>(
  spec: Pick<SandboxSpec, 'code' | 'initTimeoutMs'>,
  connected: Promise<T>,
  output: () => Promise<BootOutput>,
  runtimeMs = RUNTIME_MAX_MS,
): Promise<T> {
  const { code, initTimeoutMs } = spec;
  if (code === undefined || initTimeoutMs === undefined) return await connected;
  const { promise: expired, resolve: expire } = Promise.withResolvers<'expired'>();
  const timer = setTimeout(() => expire('expired'), initTimeoutMs + runtimeMs);
  try {
    const first = await Promise.race([connected, expired]);
    if (first !== 'expired') return first;
  } finally {
    clearTimeout(timer);
  }
  throw new BootEnded({ cause: 'initTimeout', timeoutMs: initTimeoutMs }, await output());
}
