import type { Log } from '../domain/log.ts';
import type { Isolation } from '../domain/names.ts';
import type { SandboxEvent } from '../sandbox/guard/guard-options.ts';
import type { PlatformMetrics } from '../telemetry/metrics.ts';

/** What the log has of a crashed sandbox's last output; the function's next record has more of it. */
const LAST_LINES_MAX = 20;
const LINE_MAX_CHARS = 200;

/**
 * Handles the events of a guard. A crash is counted and logged. A failed removal is counted every time, and logged
 * whenever the number of tries has doubled, so that a removal that stays stuck for days writes few lines. A transition
 * happens on every call and is neither counted nor logged.
 */
export function hearSandboxes(
  isolation: Isolation,
  log: Log,
  metrics: Pick<PlatformMetrics, 'removalFailed' | 'sandboxCrashed'>,
): (event: SandboxEvent) => void {
  return (event) => {
    if (event.kind === 'transition') return;
    const { sandboxId } = event;
    if (event.kind === 'crashed') {
      const { cause, exitCode, signal } = event.exit;
      metrics.sandboxCrashed(isolation, event.exit);
      const lastOutput = event.logs.lines.slice(-LAST_LINES_MAX).map(({ text }) => text.slice(0, LINE_MAX_CHARS));
      const fields = { isolation, sandboxId, cause, exitCode, signal, lastOutput };
      log.warn(fields, 'a sandbox ended by itself between two calls');
    } else if (event.kind === 'destroyFailed') {
      const { attempt, error } = event;
      metrics.removalFailed(isolation);
      if (!Number.isInteger(Math.log2(attempt))) return;
      const fields = { isolation, sandboxId, attempt, err: error };
      log.error(fields, 'a sandbox could not be removed; it keeps its uid and its memory, and is tried again');
    } else if (event.failedTries > 0) {
      const { failedTries } = event;
      log.info({ isolation, sandboxId, failedTries }, 'a sandbox that could not be removed is gone');
    }
  };
}
