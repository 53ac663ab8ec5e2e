import { randomUUID } from 'node:crypto';
import type { CodeRef, SandboxSpec } from '../../contract/driver.ts';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type {
  LoadResult,
  LoadSettings,
  Sandbox,
  SandboxReply,
  SandboxRequest,
  Settled,
} from '../../contract/sandbox.ts';
import { HostLag } from './host-lag.ts';

/** For tests alone: plain promises around the callbacks of a sandbox. */
export interface Finished {
  reply: SandboxReply;
  settled: Settled;
  /** Milliseconds from dispatch to the reply. */
  replyMs: number;
  /** How late this host was with anything meanwhile: what a claim about `replyMs` allows for. */
  hostLagMs: number;
  /** The result parsed; undefined for anything but a result that is JSON. */
  value: unknown;
}

export const NEVER = new AbortController().signal;

let sandboxCount = 0;
let slowness = 1;

/**
 * For a driver whose sandboxes are emulated: every time given to one here is this many times as long, and every time measured
 * counts as this many times shorter, so that a case means the same at any pace.
 */
export function setSlowness(factor: number): void {
  slowness = factor;
}

/** The clock at the pace of the sandboxes. */
export function paceMs(): number {
  return atPace(performance.now());
}

/** What was measured of a sandbox, as it would be at the usual pace. */
export function atPace(ms: number): number {
  return ms / slowness;
}

/** A spec with everything filled in, a new id each time. */
export function specOf(overrides: Partial<SandboxSpec> = {}): SandboxSpec {
  sandboxCount += 1;
  return {
    id: `t${process.pid.toString(36)}${sandboxCount.toString(36)}${randomUUID().slice(0, 4)}`,
    runtime: 'nodejs24',
    memoryMib: 128,
    cpus: 1,
    pidsMax: 64,
    diskMib: 16,
    network: 'none',
    bootEnv: {},
    labels: { instance: '0123456789ab', epoch: 'e1' },
    from: { kind: 'image' },
    ...overrides,
  };
}

export function settingsOf(overrides: Partial<LoadSettings> = {}): LoadSettings {
  return {
    functionName: 'hello',
    functionVersion: '$LATEST',
    functionArn: 'arn:aws:lambda:local:000000000000:function:hello',
    handler: 'index.handler',
    memoryMib: 128,
    timeoutMs: 3_000,
    concurrency: 1,
    env: {},
    ...overrides,
    initTimeoutMs: (overrides.initTimeoutMs ?? 10_000) * slowness,
  };
}

export const NO_CODE: CodeRef = { sha256: '0'.repeat(64), workspaceId: 'w', path: '/nowhere', fileCount: 1 };

export async function loaded(
  guard: GuardedDriver,
  code: CodeRef,
  overrides: { spec?: Partial<SandboxSpec>; settings?: Partial<LoadSettings> } = {},
): Promise<{ sandbox: Sandbox; load: LoadResult }> {
  const sandbox = await guard.create(specOf(overrides.spec), NEVER);
  const load = await sandbox.load(code, settingsOf(overrides.settings), NEVER);
  return { sandbox, load };
}

/** Invokes with an event given as a value or as bytes. */
export function call(sandbox: Sandbox, event: unknown, overrides: Partial<SandboxRequest> = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const beganAtMs = paceMs();
    const hostLag = new HostLag();
    let reply: SandboxReply | null = null;
    let replyMs = 0;
    let hostLagMs = 0;
    const request: SandboxRequest = {
      requestId: randomUUID(),
      functionArn: 'arn:aws:lambda:local:000000000000:function:hello',
      traceId: null,
      event: event instanceof Uint8Array ? event : Buffer.from(JSON.stringify(event)),
      stream: null,
      ...overrides,
      timeoutMs: (overrides.timeoutMs ?? 3_000) * slowness,
    };
    const onReply = (given: SandboxReply): void => {
      if (reply !== null) reject(new Error('replied twice'));
      reply = given;
      replyMs = paceMs() - beganAtMs;
      hostLagMs = atPace(hostLag.stop());
    };
    const onSettled = (settled: Settled): void => {
      if (reply === null) reject(new Error('settled before the reply'));
      else resolve({ reply, settled, replyMs, hostLagMs, value: parsed(reply) });
    };
    sandbox.invoke(request, onReply, onSettled);
  });
}

function parsed(reply: SandboxReply): unknown {
  if (reply.kind !== 'result') return undefined;
  try {
    return JSON.parse(Buffer.from(reply.body).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Waits until `holds`, looking every few milliseconds; fails with `what` after the deadline. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 5_000): Promise<void> {
  const endMs = paceMs() + deadlineMs;
  while (!(await holds())) {
    if (paceMs() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
