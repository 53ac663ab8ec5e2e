import type { DriverCapabilities } from '../../contract/driver.ts';
import type { SandboxState } from '../../contract/sandbox.ts';

/** A change of state of one sandbox, or a removal that failed and will be tried again. */
export type SandboxEvent =
  | { kind: 'transition'; sandboxId: string; from: SandboxState; to: SandboxState; reason: string }
  | { kind: 'destroyFailed'; sandboxId: string; attempt: number; error: Error }
  | { kind: 'gone'; sandboxId: string; reason: string };

/** Deadlines and hooks of `guardDriver`; every one has a default. */
export interface GuardOptions {
  /** A probe over this is `restricted` with a detail; it runs real containers, so it may take seconds. Default 15 s. */
  probeDeadlineMs?: number;
  /** Driver's `start`. Default 30 s. */
  startDeadlineMs?: number;
  /** From `create` to a checked hello. Default 30 s: a docker start under load takes seconds. */
  createDeadlineMs?: number;
  /** One try of removing a box. Default 10 s. */
  destroyDeadlineMs?: number;
  /** First wait before a failed removal is tried again; doubles up to 30 s. Default 250 ms. */
  destroyRetryMs?: number;
  /** Synchronous; must not throw. */
  onEvent?: (event: SandboxEvent) => void;
}

const DEFAULTS: Required<GuardOptions> = {
  probeDeadlineMs: 15_000,
  startDeadlineMs: 30_000,
  createDeadlineMs: 30_000,
  destroyDeadlineMs: 10_000,
  destroyRetryMs: 250,
  onEvent: () => {},
};

/** A first start may take this many times as long as is typical before it is given up: hosts are busy. */
const PATIENCE = 5;

/** The defaults for a driver: one whose first start is slow gets time for it. */
export function defaultsFor(capabilities: DriverCapabilities): Required<GuardOptions> {
  const patientMs = PATIENCE * (capabilities.firstStartMs ?? 0);
  return {
    ...DEFAULTS,
    probeDeadlineMs: Math.max(DEFAULTS.probeDeadlineMs, patientMs),
    createDeadlineMs: Math.max(DEFAULTS.createDeadlineMs, patientMs),
  };
}
