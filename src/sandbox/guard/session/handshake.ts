import { timingSafeEqual } from 'node:crypto';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { parseMeta } from '../../wire/frame-codec.ts';
import { FRAME, type FrameType, PROTOCOL_VERSION } from '../../wire/frame-type.ts';
import type { Expected } from './expectation.ts';

export interface HandshakePort {
  readonly id: string;
  readonly token: string;
  expect(types: readonly FrameType[], deadlineMs: number, signal: AbortSignal): Promise<Expected>;
}

/**
 * Waits for the shim's hello and checks token and protocol before anything is sent. Resolves with the features it
 * announced; rejects with `sandbox_start_failed`. The token never appears in a message.
 */
export async function awaitHello(port: HandshakePort, deadlineMs: number, signal: AbortSignal): Promise<Set<string>> {
  const got = await port.expect([FRAME.hello], deadlineMs, signal);
  if (got.kind === 'timeout') throw failure(port, `the shim did not say hello within ${deadlineMs} ms`);
  if (got.kind === 'aborted') throw failure(port, 'the create was aborted', got.reason);
  if (got.kind === 'died') throw failure(port, `the shim ended before its hello (${got.exit.cause})`);
  const meta = parseMeta(got.frame.meta);
  if (meta === null || !isSameToken(meta.token, port.token)) throw failure(port, 'hello with a wrong token');
  if (meta.protocol !== PROTOCOL_VERSION) throw failure(port, `the shim speaks protocol ${String(meta.protocol)}`);
  const features = Array.isArray(meta.features) ? meta.features.filter((name) => typeof name === 'string') : [];
  return new Set(features);
}

function isSameToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function failure(port: HandshakePort, message: string, cause?: unknown): SandboxError {
  return new SandboxError('sandbox_start_failed', message, { cause, context: { sandboxId: port.id } });
}
