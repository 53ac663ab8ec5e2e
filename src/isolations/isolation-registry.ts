import type { ProbeResult } from '../contract/driver.ts';
import type { GuardedDriver } from '../contract/guarded-driver.ts';
import type { Log } from '../domain/log.ts';
import { AUTO_ISOLATIONS, ISOLATIONS, type Isolation, type IsolationChoice, type Network } from '../domain/names.ts';
import { type Language, languageOf, RUNTIMES, type RuntimeId } from '../domain/runtimes.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { EgressWatch, type ProveEgress } from './egress/egress-watch.ts';
import type { DriverReport, EgressAnswer, ResolvedDriver } from './isolation-answers.ts';
import { afterProbe, answerOf, type IsolationState, runtimesOf, shownProbe, weaknessOf } from './isolation-state.ts';

/** What the pool asks, synchronously: is there a driver for this isolation and runtime now? */
export interface DriverSource {
  get(isolation: Isolation, runtime: RuntimeId): DriverAnswer;
  /**
   * The driver for sandboxes of a revision bound to `isolation`: its own driver, when that is usable. Otherwise, where
   * the operator allows it, the strongest usable weaker driver that offers the runtime. Receipts and minimum checks
   * follow the driver that is returned.
   */
  forRevision(isolation: Isolation, runtime: RuntimeId): DriverAnswer;
  /** Usable drivers, in the operator's order for `auto`. */
  usable(): GuardedDriver[];
  /** Every driver, usable or not: leftovers of earlier lives are reaped through them. */
  all(): readonly GuardedDriver[];
  /** Creates of this isolation keep failing: it is probed again soon, and may turn out unusable. */
  suspect(isolation: Isolation): void;
  /** Calls back after any driver changed between usable, preparing and unusable; returns the way to stop. */
  onChange(listener: () => void): () => void;
}

export type DriverAnswer =
  | { state: 'usable'; driver: GuardedDriver }
  | { state: 'preparing'; detail: string }
  | { state: 'unusable'; detail: string; fix: string | null };

export interface DriverRegistryOptions {
  drivers: readonly GuardedDriver[];
  /**
   * The operator's order for `auto`, strongest or most wanted first. Isolations that are left out are used only when
   * named.
   */
  order: readonly Isolation[];
  log: Log;
  /** Whether revisions may move to a weaker isolation while their own is unusable. Default `none`. */
  fallback?: 'none' | 'weaker';
  /** Whether new functions may have an isolation with a known weakness that holds here. Default false. */
  allowsKnownWeak?: boolean;
  /**
   * Isolations that were usable in an earlier life. With one of these, `auto` never falls to `process`, which fences
   * nothing.
   */
  seen?: readonly Isolation[];
  /** When absent, egress is refused. */
  proveEgress?: ProveEgress;
  /** Told once for each isolation that turns usable for the first time. */
  onSeen?(isolation: Isolation): void;
}

/** A suspected isolation is probed no more often than this. */
const SUSPECT_PROBE_MS = 5_000;
/** Whole time a driver's start may take. */
const START_DEADLINE_MS = 30_000;

interface Slot {
  driver: GuardedDriver;
  state: IsolationState;
  timer: NodeJS.Timeout | null;
  lookedAtMs: number;
}

/**
 * Knows which isolations work here, from probes alone: one driver per isolation, each `preparing` until its first probe has
 * answered, started once when it turns usable, and probed again while it is not. Deploys ask it what `auto` comes to
 * (`resolve`), calls ask it for the driver (`get`). Races ruled out: a probe that ends after `stop` changes nothing, and two
 * probes of one driver never run at once (the guard shares the run).
 */
export class DriverRegistry implements DriverSource {
  readonly #slots = new Map<Isolation, Slot>();
  readonly #order: readonly Isolation[];
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #fallback: 'none' | 'weaker';
  readonly #allowsKnownWeak: boolean;
  readonly #seen: Set<Isolation>;
  readonly #egress: EgressWatch;
  readonly #onSeen: ((isolation: Isolation) => void) | undefined;
  readonly #stopping = new AbortController();
  #firstProbes: Promise<void> | null = null;

  constructor(options: DriverRegistryOptions) {
    this.#order = options.order;
    this.#log = options.log;
    this.#fallback = options.fallback ?? 'none';
    this.#allowsKnownWeak = options.allowsKnownWeak ?? false;
    this.#seen = new Set(options.seen);
    this.#onSeen = options.onSeen;
    this.#egress = new EgressWatch({ prove: options.proveEgress, log: options.log });
    for (const driver of options.drivers) {
      this.#slots.set(driver.isolation, { driver, state: { kind: 'unknown' }, timer: null, lookedAtMs: 0 });
    }
  }

  /**
   * Resolves when the first probe of every driver has answered, except those that are used only when named; never
   * rejects. Those others are probed too, but a guest may boot for many seconds, and nobody who has not named it waits
   * for it. A repeated call returns the same promise.
   */
  start(): Promise<void> {
    this.#firstProbes ??= this.#lookAtAll();
    return this.#firstProbes;
  }

  async #lookAtAll(): Promise<void> {
    const looks = [...this.#slots.values()].map((slot) => ({ slot, done: this.#look(slot, false) }));
    await Promise.all(looks.map(({ slot, done }) => (AUTO_ISOLATIONS.includes(slot.driver.isolation) ? done : null)));
  }

  /** Probes all drivers again now (the operator pressed `doctor`). */
  async refresh(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => this.#look(slot, true)));
  }

  get(isolation: Isolation, runtime: RuntimeId): DriverAnswer {
    const slot = this.#slots.get(isolation);
    if (!slot) return { state: 'unusable', detail: `There is no driver for ${isolation} on this host.`, fix: null };
    const { state } = slot;
    if (state.kind === 'unknown') return { state: 'preparing', detail: 'The isolation is being probed.' };
    if (state.kind === 'preparing') return { state: 'preparing', detail: state.probe.detail };
    if (state.kind === 'unusable') return { state: 'unusable', detail: state.probe.detail, fix: state.probe.fix };
    if (state.probe.runtimes.includes(runtime)) return { state: 'usable', driver: slot.driver };
    return { state: 'unusable', detail: `${isolation} does not offer ${runtime} here.`, fix: null };
  }

  forRevision(isolation: Isolation, runtime: RuntimeId): DriverAnswer {
    const own = this.get(isolation, runtime);
    if (own.state !== 'unusable' || this.#fallback === 'none') return own;
    for (const weaker of ISOLATIONS.slice(0, ISOLATIONS.indexOf(isolation)).reverse()) {
      const answer = this.get(weaker, runtime);
      const isFenced = answer.state === 'usable' && answer.driver.capabilities.fencesNothing !== true;
      if (isFenced && AUTO_ISOLATIONS.includes(weaker)) return answer;
    }
    return own;
  }

  usable(): GuardedDriver[] {
    const slots = this.#order.map((isolation) => this.#slots.get(isolation));
    return slots.flatMap((slot) => (slot?.state.kind === 'usable' ? [slot.driver] : []));
  }

  all(): readonly GuardedDriver[] {
    return [...this.#slots.values()].map((slot) => slot.driver);
  }

  suspect(isolation: Isolation): void {
    const slot = this.#slots.get(isolation);
    if (slot?.state.kind !== 'usable' || performance.now() - slot.lookedAtMs < SUSPECT_PROBE_MS) return;
    void this.#look(slot, true);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the console and `doctor` show; null before the first probe of that driver. */
  report(): DriverReport[] {
    return [...this.#slots.values()].map(({ driver, state }) => {
      const egress = this.#egress.answer(driver.isolation);
      return { driver, state: answerOf(state), probe: shownProbe(state), egress };
    });
  }

  /**
   * Which isolation a deploy's choice leads to. `auto` takes the first usable isolation in the operator's order that
   * offers the runtime, else the first that is being prepared. When egress is asked for, `auto` passes over isolations
   * for which it is not proven. Throws `unknown_isolation`, `isolation_not_usable`, `isolation_unfenced` or
   * `runtime_unavailable`.
   */
  async resolve(choice: IsolationChoice, runtime: RuntimeId, network: Network = 'none'): Promise<ResolvedDriver> {
    await this.start();
    if (choice !== 'auto' && !ISOLATIONS.includes(choice)) throw new ColdframeError('unknown_isolation');
    const candidates = choice === 'auto' ? this.#order : [choice];
    const isProcessAllowed = choice !== 'auto' || this.#preferredToProcess().length === 0;
    const allowed = candidates.filter((isolation) => isProcessAllowed || isolation !== 'process');
    const known = allowed.flatMap((isolation) => this.#slots.get(isolation) ?? []);
    const slots = known.filter((slot) => this.#weaknessOf(slot) === null);
    const usable = slots.filter((it) => it.state.kind === 'usable');
    const offering = usable.filter((it) => runtimesOf(it.state).includes(runtime));
    const isFencing = ({ driver }: Slot): boolean => this.#egress.answer(driver.isolation)?.isProven === true;
    if (network === 'egress') await Promise.all(offering.map((it) => this.#egress.settled(it.driver)));
    const fencing = network === 'egress' ? offering.find(isFencing) : undefined;
    const best = fencing ?? offering[0] ?? slots.find((it) => answerOf(it.state) === 'preparing');
    if (choice === 'auto' && best && this.#mustBeNamed(best)) throw new ColdframeError('isolation_unfenced');
    if (best) return resolved(best, this.#egress.answer(best.driver.isolation));
    if (usable.length > 0) throw new ColdframeError('runtime_unavailable');
    const [named] = known;
    const weakness = choice !== 'auto' && named ? this.#weaknessOf(named) : null;
    if (weakness !== null) throw new ColdframeError('isolation_not_usable', { publicMessage: weakness });
    const publicMessage =
      choice !== 'auto' && named
        ? `${choice} cannot be used here: ${shownProbe(named.state)?.detail ?? ''}`
        : this.#whyNoAuto();
    throw new ColdframeError('isolation_not_usable', { publicMessage });
  }

  /** Null when new functions may have it. */
  #weaknessOf({ driver, state }: Slot): string | null {
    return this.#allowsKnownWeak ? null : weaknessOf(driver.isolation, state);
  }

  /** An isolation also counts as named when the operator's order begins with it. */
  #mustBeNamed({ driver }: Slot): boolean {
    return driver.capabilities.fencesNothing === true && this.#order[0] !== driver.isolation;
  }

  /** On a host that once had a fence, `auto` never falls to no fence at all by itself. */
  #whyNoAuto(): string | undefined {
    if (this.#slots.get('process')?.state.kind !== 'usable') return undefined;
    const had = this.#preferredToProcess().join(', ');
    if (had === '') return undefined;
    return `Only process isolation is usable now, though ${had} was before. Mend it (coldframe doctor), or name process.`;
  }

  /**
   * Isolations once usable here that the operator's order puts before process. An order that puts no isolation before
   * process names process itself.
   */
  #preferredToProcess(): Isolation[] {
    const processAt = this.#order.indexOf('process');
    return this.#order.filter((isolation, at) => this.#seen.has(isolation) && (processAt === -1 || at < processAt));
  }

  async newestRuntime(language: Language): Promise<RuntimeId | null> {
    await this.start();
    const offered = new Set(
      [...this.#slots.values()].flatMap((it) => (it.state.kind === 'usable' ? runtimesOf(it.state) : [])),
    );
    return RUNTIMES.findLast((runtime) => languageOf(runtime) === language && offered.has(runtime)) ?? null;
  }

  /** Stops looking. Whoever made the drivers stops them. */
  stop(): void {
    this.#stopping.abort();
    this.#listeners.clear();
    for (const slot of this.#slots.values()) {
      if (slot.timer) clearTimeout(slot.timer);
      slot.timer = null;
    }
  }

  async #look(slot: Slot, fresh: boolean): Promise<void> {
    slot.lookedAtMs = performance.now();
    let probe = await slot.driver.probe({ fresh });
    if (probe.state === 'usable' && slot.state.kind !== 'usable') probe = await this.#startDriver(slot, probe);
    if (this.#stopping.signal.aborted) return;
    const before = slot.state;
    const { state, lookAgainMs } = afterProbe(before, probe, performance.now());
    slot.state = state;
    this.#lookAgain(slot, lookAgainMs);
    this.#egress.follow(slot.driver, { isUsable: state.kind === 'usable', fresh });
    const { isolation } = slot.driver;
    if (state.kind === 'usable' && state.doubt !== null)
      this.#log.warn({ isolation, ...state.doubt }, 'a trial of a usable isolation did not work; it stays usable');
    const isSame = answerOf(before) === answerOf(state) && runtimesOf(before).join() === runtimesOf(state).join();
    if (isSame) return;
    if (state.kind === 'usable' && !this.#seen.has(isolation)) {
      this.#seen.add(isolation);
      this.#onSeen?.(isolation);
    }
    this.#log.info({ isolation, state: answerOf(state), detail: shownProbe(state)?.detail }, 'isolation state');
    for (const listener of this.#listeners) listener();
  }

  async #startDriver(slot: Slot, probe: ProbeResult): Promise<ProbeResult> {
    const deadline = AbortSignal.timeout(START_DEADLINE_MS);
    try {
      await slot.driver.start(AbortSignal.any([this.#stopping.signal, deadline]));
      return probe;
    } catch (error) {
      const detail = error instanceof ColdframeError ? error.publicMessage : 'The driver did not start.';
      if (!this.#stopping.signal.aborted) {
        this.#log.error({ isolation: slot.driver.isolation, err: error }, 'the driver did not start');
      }
      return { ...probe, state: deadline.aborted ? 'busy' : 'restricted', detail, fix: null, runtimes: [] };
    }
  }

  #lookAgain(slot: Slot, waitMs: number | null): void {
    if (slot.timer) clearTimeout(slot.timer);
    slot.timer = waitMs === null ? null : setTimeout(() => void this.#look(slot, true), waitMs).unref();
  }
}

function resolved(slot: Slot, egress: EgressAnswer | null): ResolvedDriver {
  const { isolation, capabilities } = slot.driver;
  return {
    isolation,
    preparing: answerOf(slot.state) === 'preparing',
    memoryMinMib: capabilities.memoryMinMib,
    networks: egress?.isProven ? ['none', 'egress'] : ['none'],
    whyNoEgress: egress?.isProven ? null : (egress?.detail ?? null),
  };
}
