import { randomBytes } from 'node:crypto';
import type { Box, BoxExit, CodeRef } from '../../../contract/driver.ts';
import type { AttemptLogs, LoadResult, LoadSettings } from '../../../contract/sandbox.ts';
import { SandboxError } from '../../../contract/sandbox-error.ts';
import { anyBootProfile } from '../../../domain/boot-profile.ts';
import { packagePaths, TASK_ROOT } from '../../../domain/package-paths.ts';
import { type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { FRAME, type FrameType } from '../../wire/frame-type.ts';
import { initTimeoutError, parseFunctionError } from '../exchange/function-error.ts';
import type { Expected } from './expectation.ts';

/**
 * Making code visible means links, a bind mount or a copy of at most 250 MiB. If it takes longer than this, the disk is
 * stuck.
 */
const DELIVER_DEADLINE_MS = 10_000;

/** The sandbox, as loading sees it. */
export interface LoadPort {
  readonly box: Box;
  send(type: FrameType, stream: number, meta: string, body: Uint8Array | null): boolean;
  expect(types: readonly FrameType[], deadlineMs: number, signal: AbortSignal): Promise<Expected>;
  /** Kills the sandbox, unless it is already dead. */
  kill(reason: string): void;
  violate(detail: string): void;
  /** How it ended; null while alive. */
  readonly exit: BoxExit | null;
  logsSoFar(): AttemptLogs;
  /** Calls back once everything printed so far has been read. */
  logsAtEnd(): Promise<AttemptLogs>;
}

/**
 * Makes the code visible, hands over entropy, time and environment, and has the handler imported. What the user's code
 * did is the result; after anything but `loaded` the sandbox is dead. Rejects when delivery fails or on abort; then the
 * sandbox is dead too.
 */
export async function loadHandler(
  port: LoadPort,
  code: CodeRef,
  settings: LoadSettings,
  signal: AbortSignal,
): Promise<LoadResult> {
  const beganAtMs = performance.now();
  const taskRoot = await deliver(port, code, signal);
  const deliverMs = performance.now() - beganAtMs;
  const loadingAtMs = performance.now();
  port.send(FRAME.init, 0, initMeta(), Buffer.from(JSON.stringify(functionEnv(settings.env, taskRoot))));
  port.send(FRAME.load, 0, loadMeta(settings, taskRoot), null);
  const got = await port.expect([FRAME.loaded, FRAME.loadError], settings.initTimeoutMs, signal);
  switch (got.kind) {
    case 'died':
      return { kind: 'died', exit: got.exit, logs: await port.logsAtEnd() };
    case 'aborted':
      port.kill('load aborted');
      throw new SandboxError('sandbox_start_failed', 'the load was aborted', { cause: got.reason });
    case 'timeout':
      port.kill('init timeout');
      return { kind: 'initTimeout', error: initTimeoutError(settings.initTimeoutMs), logs: await port.logsAtEnd() };
    case 'frame':
      return finished(port, got.frame, { deliverMs, elapsedMs: performance.now() - loadingAtMs });
  }
}

async function deliver(port: LoadPort, code: CodeRef, signal: AbortSignal): Promise<string> {
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(DELIVER_DEADLINE_MS)]);
    const { taskRoot } = await port.box.deliver(code, deadline);
    return taskRoot;
  } catch (error) {
    port.kill('code delivery failed');
    if (error instanceof SandboxError) throw error;
    throw new SandboxError('sandbox_start_failed', 'the code could not be delivered', { cause: error });
  }
}

async function finished(
  port: LoadPort,
  frame: Frame,
  times: { deliverMs: number; elapsedMs: number },
): Promise<LoadResult> {
  const importUs = parseMeta(frame.meta)?.importUs;
  const importMs = typeof importUs === 'number' && importUs >= 0 ? Math.min(importUs / 1000, times.elapsedMs) : null;
  if (frame.type === FRAME.loaded && importMs !== null) {
    // A violation in the same read as `loaded` may have killed it already.
    if (port.exit !== null) return { kind: 'died', exit: port.exit, logs: await port.logsAtEnd() };
    return { kind: 'loaded', deliverMs: times.deliverMs, importMs, logs: port.logsSoFar() };
  }
  const error = frame.type === FRAME.loadError ? parseFunctionError(frame.body) : null;
  if (error === null) {
    port.violate('a malformed answer to load');
    return { kind: 'died', exit: port.exit!, logs: await port.logsAtEnd() };
  }
  const logs = await port.logsAtEnd();
  port.kill('load error');
  return { kind: 'loadError', error, importMs, logs };
}

/** The function's variables. Those that name files of its package name them below `taskRoot`, where they are. */
function functionEnv(env: LoadSettings['env'], taskRoot: string): LoadSettings['env'] {
  if (taskRoot === TASK_ROOT) return env;
  const named = anyBootProfile(env);
  return {
    ...env,
    ...Object.fromEntries(Object.entries(named).map(([name, value]) => [name, packagePaths(value, taskRoot)])),
  };
}

function initMeta(): string {
  return JSON.stringify({ entropy: randomBytes(64).toString('base64'), wallTimeMs: Date.now() });
}

function loadMeta(settings: LoadSettings, taskRoot: string): string {
  const { functionName, functionVersion, functionArn, handler, memoryMib, timeoutMs, concurrency } = settings;
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return JSON.stringify({
    taskRoot,
    handler,
    functionName,
    functionVersion,
    functionArn,
    memoryMib,
    timeoutMs,
    concurrency,
    logGroup: `/aws/lambda/${functionName}`,
    logStream: `${day}/[${functionVersion}]${randomBytes(16).toString('hex')}`,
  });
}
