import { loadSettings } from '../../contract/load-settings.ts';
import type { LoadResult } from '../../contract/sandbox.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { Start, StartReason } from '../../domain/names.ts';
import type { ClassPool } from '../state/class-pool.ts';
import type { PooledSandbox } from '../state/pooled-sandbox.ts';
import type { RevisionPool } from '../state/revision-pool.ts';

export type LoadFailure = Exclude<LoadResult, { kind: 'loaded' }>;

/** How a claim went; `beganAtMs` is when its create (cold) or its claim began. */
export interface ClaimRecord {
  entry: PooledSandbox;
  revision: RevisionPool;
  start: Start;
  reason: StartReason;
  beganAtMs: number;
  gotAtMs: number;
}

export interface ClaimHost {
  readonly signal: AbortSignal;
  loaded(entry: PooledSandbox, revision: RevisionPool): void;
  /** The user's code failed to load; the sandbox is dead. */
  loadFailed(claimed: ClaimRecord, result: LoadFailure): void;
  /** We failed; the sandbox must go and a caller may try another. */
  claimBroke(claimed: ClaimRecord, error: Error): void;
}

/**
 * Binds a generic sandbox to a revision and loads the code. From here on it is that revision's alone, loaded or not (I3).
 * Exactly one of the host's three calls follows, later. The caller it is for stays in the queue meanwhile: should a warm
 * slot free first, it takes that, and the new sandbox serves the next one.
 */
export function claim(
  entry: PooledSandbox,
  classPool: ClassPool,
  revision: RevisionPool,
  start: 'cold' | 'claimed',
  host: ClaimHost,
): void {
  const { owner, target } = revision;
  const gotAtMs = performance.now();
  const beganAtMs = start === 'cold' ? entry.createBeganAtMs : gotAtMs;
  const reason = startReason(revision, classPool, start);
  const claimed: ClaimRecord = { entry, revision, start, reason, beganAtMs, gotAtMs };
  revision.hasStarted = true;
  revision.lastLoss = null;
  owner.lastIsolation = target.revision.isolation;
  entry.boundTo = revision;
  const concurrency = revision.isExclusive ? 1 : target.settings.concurrencyPerSandbox;
  revision.loading++;
  revision.prefills = Math.max(0, revision.prefills - 1);
  entry.sandbox.load(target.package, loadSettings(target, concurrency), host.signal).then(
    (result) => {
      revision.loading--;
      settle(claimed, result, host);
    },
    (error: unknown) => {
      revision.loading--;
      host.claimBroke(claimed, asError(error));
    },
  );
}

function settle(claimed: ClaimRecord, result: LoadResult, host: ClaimHost): void {
  const { entry, revision, start, reason, beganAtMs, gotAtMs } = claimed;
  result.logs = revision.withCrash(result.logs);
  if (result.kind !== 'loaded') {
    revision.brokenLoads++;
    host.loadFailed(claimed, result);
    return;
  }
  revision.brokenLoads = 0;
  if (entry.isGone || !entry.sandbox.alive) {
    host.claimBroke(claimed, new SandboxError('sandbox_start_failed', 'the sandbox died right after it had loaded'));
    return;
  }
  const loadedAtMs = performance.now();
  entry.startRecord = { start, reason, beganAtMs, gotAtMs, loadedAtMs, importMs: result.importMs };
  entry.loadLogs = result.logs;
  entry.idleSinceMs = loadedAtMs;
  revision.add(entry);
  host.loaded(entry, revision);
}

/** Why this start is not warm. Asked before the sandbox counts as loading. */
function startReason(revision: RevisionPool, classPool: ClassPool, start: 'cold' | 'claimed'): StartReason {
  const { owner, target } = revision;
  if (revision.isExclusive) return 'try';
  if (!classPool.sandboxClass.isGeneric) return 'boot_profile';
  // The class was meant to have a ready one, so the lack of it is what made this caller wait.
  if (start === 'cold' && classPool.target(performance.now()) > 0) return 'pool_empty';
  if (revision.bound.size + revision.loading > 0) return 'scaled_out';
  if (owner.lastIsolation === null) return 'first_call';
  if (revision.hasStarted) return revision.lastLoss ?? 'sandbox_lost';
  return owner.lastIsolation === target.revision.isolation ? 'revision_changed' : 'isolation_changed';
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new SandboxError('sandbox_start_failed', String(error), { cause: error });
}
