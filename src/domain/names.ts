/**
 * The glossary of Coldframe (docs/architecture.md tells how the words fit together). Each list below is the single
 * source for validation, OpenAPI, the console and the tests; the unions are derived from the lists.
 */

/** The fence around a sandbox, weakest first; the order is the strength order. */
export const ISOLATIONS = ['process', 'bubblewrap', 'docker', 'gvisor', 'qemu', 'firecracker'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** What `auto` and fallbacks may come to. An emulated machine is orders slower than any other: it is used when named. */
export const AUTO_ISOLATIONS: readonly Isolation[] = ISOLATIONS.filter((isolation) => isolation !== 'qemu');

/** What a deploy may ask for: an isolation by name, or the strongest one usable in the operator's order. */
export const ISOLATION_CHOICES = ['auto', ...ISOLATIONS] as const;
export type IsolationChoice = (typeof ISOLATION_CHOICES)[number];

/** Runtimes and languages, which have more to them than a name: declared in their table. */
export { LANGUAGES, type Language, RUNTIMES, type RuntimeId } from './runtimes.ts';

/** How an invocation was asked for. */
export const MODES = ['sync', 'async', 'stream'] as const;
export type Mode = (typeof MODES)[number];

/** Where an invocation stands. */
export const INVOCATION_STATES = ['queued', 'running', 'retrying', 'finished', 'dead'] as const;
export type InvocationState = (typeof INVOCATION_STATES)[number];

/** Who asked for an invocation. */
export const TRIGGERS = ['api', 'http', 'schedule', 'destination', 'replay', 'try'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** What the user's code did, or (the last two) what we did instead. */
export const OUTCOMES = ['ok', 'error', 'timeout', 'oom', 'crashed', 'cancelled', 'throttled', 'rejected'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How an attempt found its sandbox. */
export const STARTS = ['cold', 'claimed', 'warm'] as const;
export type Start = (typeof STARTS)[number];

/** Why a start was not warm. */
export const START_REASONS = [
  'first_call',
  'revision_changed',
  'evicted',
  'scaled_out',
  'pool_empty',
  'isolation_changed',
  'boot_profile',
  'sandbox_lost',
  'idle_expired',
  'try',
] as const;
export type StartReason = (typeof START_REASONS)[number];

/** Network policies a function may ask for. */
export const NETWORKS = ['none', 'egress'] as const;
export type Network = (typeof NETWORKS)[number];

/** Which events and results are kept with the record. */
export const CAPTURES = ['none', 'errors', 'all'] as const;
export type Capture = (typeof CAPTURES)[number];

/** What a key may do; `admin` includes the others. */
export const SCOPES = ['admin', 'deploy', 'invoke', 'read'] as const;
export type Scope = (typeof SCOPES)[number];

/** Where a function stands: it answers only when `active`; `preparing` means its isolation is still being made ready. */
export const FUNCTION_STATES = ['active', 'preparing', 'building', 'failed'] as const;
export type FunctionState = (typeof FUNCTION_STATES)[number];
