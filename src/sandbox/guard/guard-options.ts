import type { BoxExit, DriverCapabilities } from '../../contract/driver.ts';
import type { SandboxState } from '../../contract/sandbox.ts';

/** A change of state of one sandbox, an end of its own between two calls, a removal that failed and will be tried again, or the end of one. */
export type SandboxEvent =
  | { kind: 'transition'; sandboxId: string; from: SandboxState; to: SandboxState; reason: string }
  | { kind: 'destroyFailed'; sandboxId: string; attempt: number; error: Error }
  | { kind: 'crashed'; sandboxId: string; exit: BoxExit }
  | { kind: 'gone'; sandboxId: string; reason: string; failedTries: number };

/** What `guardDriver` needs to be told. Deadlines have defaults; the listener has none, so that no failure goes unheard. */
export interface GuardOptions {
  /** Synchronous; must not throw. Runs on the path of every call (`transition`), so it must cost next to nothing there. */
  onEvent: (event: SandboxEvent) => void;
  /** A probe over this is `not_running`, at the second time where it was usable. It starts a real sandbox: default as for `create`. */
  probeDeadlineMs?: number;
  /** Driver's `start`. Default 30 s. */
  startDeadlineMs?: number;
  /** From `create` to a checked hello. Default 30 s: a docker start under load takes seconds. */
  createDeadlineMs?: number;
  /** One try of removing a box. Default 10 s. */
  destroyDeadlineMs?: number;
  /** First wait before a failed removal is tried again; doubles up to a minute. Default 250 ms. */
  destroyRetryMs?: number;
}

const DEFAULTS = {
  probeDeadlineMs: 30_000,
  startDeadlineMs: 30_000,
  createDeadlineMs: 30_000,
  destroyDeadlineMs: 10_000,
  destroyRetryMs: 250,
};

/** A first start may take this many times as long as is typical before it is given up: hosts are busy. */
const PATIENCE = 5;

/** The defaults for a driver: one whose first start is slow gets time for it. */
export function defaultsFor(capabilities: DriverCapabilities): Required<Omit<GuardOptions, 'onEvent'>> {
  const patientMs = PATIENCE * (capabilities.firstStartMs ?? 0);
  return {
    ...DEFAULTS,
    probeDeadlineMs: Math.max(DEFAULTS.probeDeadlineMs, patientMs),
    createDeadlineMs: Math.max(DEFAULTS.createDeadlineMs, patientMs),
  };
}
