import type { DriverCapabilities } from '../../contract/driver.ts';
import type { Crash, SandboxState } from '../../contract/sandbox.ts';

/**
 * An event of one sandbox: a change of its state, an end by itself between two calls, a failed removal that will be
 * tried again, or its removal.
 */
export type SandboxEvent =
  | { kind: 'transition'; sandboxId: string; from: SandboxState; to: SandboxState; reason: string }
  | { kind: 'destroyFailed'; sandboxId: string; attempt: number; error: Error }
  | ({ kind: 'crashed'; sandboxId: string } & Crash)
  | { kind: 'gone'; sandboxId: string; reason: string; failedTries: number };

/** What `guardDriver` needs to be told. Deadlines have defaults; the listener has none, so that no failure goes unheard. */
export interface GuardOptions {
  /** Synchronous; must not throw. A `transition` lies on the path of every call, so it must cost next to nothing. */
  onEvent: (event: SandboxEvent) => void;
  /** Deadline of a probe. Beyond it the answer is `busy`. A probe starts a real sandbox, so the default is that of `create`. */
  probeDeadlineMs?: number;
  /** Deadline of the driver's `start`. Default 30 s. */
  startDeadlineMs?: number;
  /** Time from `create` to a checked hello. Default 30 s, because a docker start under load takes seconds. */
  createDeadlineMs?: number;
  /** Deadline of one try of removing a box. Default 10 s. */
  destroyDeadlineMs?: number;
  /** Wait before a failed removal is tried again; it doubles up to a minute. Default 250 ms. */
  destroyRetryMs?: number;
}

const DEFAULTS = {
  probeDeadlineMs: 30_000,
  startDeadlineMs: 30_000,
  createDeadlineMs: 30_000,
  destroyDeadlineMs: 10_000,
  destroyRetryMs: 250,
};

/** A first start is given up after this many times its typical duration, because hosts are busy. */
const PATIENCE = 5;

/** The default deadlines for a driver. A driver whose first start is slow gets more time for it. */
export function defaultsFor(capabilities: DriverCapabilities): Required<Omit<GuardOptions, 'onEvent'>> {
  const patientMs = PATIENCE * (capabilities.firstStartMs ?? 0);
  return {
    ...DEFAULTS,
    probeDeadlineMs: Math.max(DEFAULTS.probeDeadlineMs, patientMs),
    createDeadlineMs: Math.max(DEFAULTS.createDeadlineMs, patientMs),
  };
}
