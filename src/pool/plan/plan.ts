import type { StartReason } from '../../domain/names.ts';

/**
 * What should exist: a pure function of what exists, the budget and the time. `pool.ts` makes it so. No clock, no
 * randomness, no I/O; equal input gives equal output. Its invariants (plan.test.ts checks each by number):
 *
 *   P1  A busy sandbox is never evicted.
 *   P2  After the actions the idle memory is within the budget, or nothing idle is left.
 *   P3  Refills under way never exceed `refillMax`, and creates under way for callers never exceed `demandMax`.
 *   P4  After the actions the sum of memory limits is within `limitTotalMib`, or nothing was created.
 *   P5  A revision below its minWarm is warmed whenever the budget allows, at the cost of unprotected idle ones; those that
 *       make up a revision's minWarm are evicted only when nothing else idle is left.
 *   P6  No oscillation: a refill never evicts, and planning again right after the actions evicts nothing, except for work
 *       that may wait and was put off behind callers.
 *   P7  Callers who wait come before refills; a refill starts only when no caller waits for a create.
 *   P8  Nothing is refilled for a class that is unusable or in its back-off.
 *   P10 Work that may wait starts sandboxes when no caller waits for a create, one fewer at once than callers may, and only
 *       within three quarters of `limitTotalMib`.
 *   P9  The idle one given up first is the one whose start is cheapest to repeat, weighed by how long ago it was used and how
 *       much memory it holds (greedy dual, as FaasCache does).
 */
export function plan(state: PlanState, settings: PlanSettings, nowMs: number): PlanAction[] {
  const draft = new Draft(state, settings, nowMs);
  expireIdle(draft);
  createForCallers(draft);
  createInBackground(draft);
  fitIdleBudget(draft, 0);
  warmRevisions(draft);
  refill(draft);
  return draft.actions;
}

export type EvictReason = Extract<StartReason, 'evicted' | 'idle_expired'>;

export type PlanAction =
  | { do: 'create'; classKey: string; purpose: 'caller' | 'background' | 'refill' }
  | { do: 'evict'; sandboxId: string; reason: EvictReason }
  | { do: 'warm'; revisionKey: string };

export interface PlanSettings {
  /** What all idle sandboxes together may hold. */
  idleBudgetMib: number;
  /** What the memory limits of all sandboxes together may reach. */
  limitTotalMib: number;
  refillMax: number;
  demandMax: number;
}

/** One key of ready sandboxes. */
export interface PlanClass {
  key: string;
  isUsable: boolean;
  /** What an idle one is expected to hold, and its memory limit. */
  costMib: number;
  limitMib: number;
  /** Sandboxes that callers wait for right now. */
  wanted: number;
  /** Sandboxes that work which may wait asks for on top. */
  wantedInBackground: number;
  /** Creates under way. */
  creating: number;
  /** How many should be ready. */
  target: number;
  lastClaimMs: number;
  /** No refill before this time (back-off after failed creates, or the hold until a reply has left). */
  retryAtMs: number;
}

export interface PlanSandbox {
  id: string;
  classKey: string;
  /** Null: generic and ready. */
  revisionKey: string | null;
  isBusy: boolean;
  costMib: number;
  limitMib: number;
  idleSinceMs: number;
  keepAliveMs: number;
  /** What starting it again would take. */
  startCostMs: number;
}

export interface PlanRevision {
  key: string;
  classKey: string;
  minWarm: number;
  /** Bound ones, busy or not, and those on their way. */
  have: number;
  retryAtMs: number;
}

export interface PlanState {
  classes: readonly PlanClass[];
  sandboxes: readonly PlanSandbox[];
  revisions: readonly PlanRevision[];
  /** Memory limits of sandboxes being destroyed, and of those made beside the pool: held all the same. */
  leavingMib: number;
}

/** The rest of the memory is for those who wait for an answer, however long events run. */
const BACKGROUND_LIMIT_SHARE = 0.75;
/** A surplus ready sandbox this young is kept, so that a target that wavers costs no work. */
const SURPLUS_AGE_MS = 60_000;

/** The state as it will be once the actions so far are done. */
class Draft {
  readonly actions: PlanAction[] = [];
  readonly settings: PlanSettings;
  readonly nowMs: number;
  readonly classes: readonly PlanClass[];
  readonly revisions: readonly PlanRevision[];
  /** Idle ones that may be evicted, cheapest loss first; ones that make up a minWarm are apart. */
  readonly evictable: PlanSandbox[];
  readonly protectedIdle: PlanSandbox[];
  readonly ready = new Map<string, number>();
  readonly warming = new Map<string, number>();
  idleMib = 0;
  limitMib: number;
  /** Creates for callers and for work that may wait. */
  callerCreates = 0;
  refills = 0;

  constructor(state: PlanState, settings: PlanSettings, nowMs: number) {
    this.settings = settings;
    this.nowMs = nowMs;
    this.classes = state.classes;
    this.revisions = state.revisions;
    this.limitMib = state.leavingMib;
    for (const it of state.sandboxes) {
      this.limitMib += it.limitMib;
      if (!it.isBusy) this.idleMib += it.costMib;
      if (it.revisionKey === null) this.ready.set(it.classKey, (this.ready.get(it.classKey) ?? 0) + 1);
    }
    for (const it of state.classes) {
      const forCallers = Math.min(it.creating, it.wanted + it.wantedInBackground);
      this.limitMib += it.creating * it.limitMib;
      this.callerCreates += forCallers;
      this.refills += it.creating - forCallers;
      this.idleMib += (it.creating - forCallers) * it.costMib;
    }
    [this.evictable, this.protectedIdle] = this.#split(state.sandboxes.filter((it) => !it.isBusy));
  }

  readyOrComing(it: PlanClass): number {
    return (this.ready.get(it.key) ?? 0) + Math.max(0, it.creating - it.wanted - it.wantedInBackground);
  }

  /** Value of keeping it: time saved per MiB, fading with every second unused. Lowest goes first. */
  #worth(it: PlanSandbox): number {
    const idleSeconds = Math.max(0, this.nowMs - it.idleSinceMs) / 1000;
    return it.startCostMs / (1 + idleSeconds) / Math.max(1, it.costMib);
  }

  #split(idle: PlanSandbox[]): [PlanSandbox[], PlanSandbox[]] {
    const worth = new Map(idle.map((it) => [it, this.#worth(it)]));
    const order = (a: PlanSandbox, b: PlanSandbox) => worth.get(a)! - worth.get(b)! || (a.id < b.id ? -1 : 1);
    const left = new Map(this.revisions.map((it) => [it.key, it.minWarm]));
    const kept = new Set<PlanSandbox>();
    for (const it of idle.toSorted((a, b) => b.idleSinceMs - a.idleSinceMs || (a.id < b.id ? -1 : 1))) {
      const need = it.revisionKey === null ? 0 : (left.get(it.revisionKey) ?? 0);
      if (need <= 0) continue;
      left.set(it.revisionKey!, need - 1);
      kept.add(it);
    }
    return [idle.filter((it) => !kept.has(it)).sort(order), [...kept].sort(order)];
  }

  evict(list: PlanSandbox[], at: number, reason: EvictReason): void {
    const [it] = list.splice(at, 1);
    if (!it) return;
    this.actions.push({ do: 'evict', sandboxId: it.id, reason });
    this.idleMib -= it.costMib;
    this.limitMib -= it.limitMib;
    if (it.revisionKey === null) this.ready.set(it.classKey, this.ready.get(it.classKey)! - 1);
  }

  create(it: PlanClass, purpose: 'caller' | 'background' | 'refill'): void {
    this.actions.push({ do: 'create', classKey: it.key, purpose });
    this.limitMib += it.limitMib;
    if (purpose !== 'refill') {
      this.callerCreates++;
      return;
    }
    this.refills++;
    this.idleMib += it.costMib;
    this.ready.set(it.key, (this.ready.get(it.key) ?? 0) + 1);
  }
}

/** Bound ones past their keep-alive, and ready ones nobody has needed for a while. */
function expireIdle(draft: Draft): void {
  const targets = new Map(draft.classes.map((it) => [it.key, it.isUsable ? it.target : 0]));
  for (let at = draft.evictable.length - 1; at >= 0; at--) {
    const it = draft.evictable[at]!;
    const idleMs = draft.nowMs - it.idleSinceMs;
    const isSurplus = it.revisionKey === null && (draft.ready.get(it.classKey) ?? 0) > (targets.get(it.classKey) ?? 0);
    if (it.revisionKey === null ? isSurplus && idleMs >= SURPLUS_AGE_MS : idleMs >= it.keepAliveMs) {
      draft.evict(draft.evictable, at, 'idle_expired');
    }
  }
}

/** P4: a create that would pass the sum of limits takes the place of idle ones, or waits. */
function createForCallers(draft: Draft): void {
  const { demandMax, limitTotalMib } = draft.settings;
  const missing = draft.classes.map((it) => (it.isUsable ? Math.max(0, it.wanted - it.creating) : 0));
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const [at, it] of draft.classes.entries()) {
      if (missing[at]! <= 0 || draft.callerCreates >= demandMax) continue;
      if (!canFit(draft, it.limitMib, limitTotalMib)) continue;
      while (draft.limitMib + it.limitMib > limitTotalMib) evictCheapest(draft);
      draft.create(it, 'caller');
      missing[at]!--;
      isMoving = true;
    }
  }
}

/** P10: in turn, each class one at a time. Idle ones make room, but none that makes up a minWarm. */
function createInBackground(draft: Draft): void {
  const { demandMax, limitTotalMib } = draft.settings;
  if (draft.classes.some((it) => it.isUsable && it.wanted > it.creating)) return;
  const limitMib = limitTotalMib * BACKGROUND_LIMIT_SHARE;
  const missing = draft.classes.map((it) =>
    it.isUsable && draft.nowMs >= it.retryAtMs ? it.wanted + it.wantedInBackground - it.creating : 0,
  );
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const [at, it] of draft.classes.entries()) {
      if (missing[at]! <= 0 || draft.callerCreates >= Math.max(1, demandMax - 1)) continue;
      const idleMib = draft.evictable.reduce((sum, idle) => sum + idle.limitMib, 0);
      if (draft.limitMib - idleMib + it.limitMib > limitMib) continue;
      while (draft.limitMib + it.limitMib > limitMib) evictCheapest(draft);
      draft.create(it, 'background');
      missing[at]!--;
      isMoving = true;
    }
  }
}

function canFit(draft: Draft, limitMib: number, limitTotalMib: number): boolean {
  if (draft.limitMib + limitMib <= limitTotalMib) return true;
  const idle = [...draft.evictable, ...draft.protectedIdle].reduce((sum, it) => sum + it.limitMib, 0);
  return draft.limitMib - idle + limitMib <= limitTotalMib;
}

function evictCheapest(draft: Draft): void {
  draft.evict(draft.evictable.length > 0 ? draft.evictable : draft.protectedIdle, 0, 'evicted');
}

/** P2, with room for `extraMib`: unprotected ones first, then what makes up minWarm (never to make room for more). */
function fitIdleBudget(draft: Draft, extraMib: number): void {
  const { idleBudgetMib } = draft.settings;
  while (draft.idleMib + extraMib > idleBudgetMib && draft.evictable.length > 0) evictCheapest(draft);
  if (extraMib > 0) return;
  while (draft.idleMib > idleBudgetMib && draft.protectedIdle.length > 0) evictCheapest(draft);
}

/** P5. A generic one that is ready is bound: its idle memory is counted already. */
function warmRevisions(draft: Draft): void {
  const classes = new Map(draft.classes.map((it) => [it.key, it]));
  for (const revision of draft.revisions) {
    const it = classes.get(revision.classKey);
    if (!it?.isUsable || draft.nowMs < revision.retryAtMs) continue;
    for (let have = revision.have; have < revision.minWarm; have++) {
      if (!warmOne(draft, it, revision.key)) break;
    }
  }
}

function warmOne(draft: Draft, it: PlanClass, revisionKey: string): boolean {
  const ready = newestReady(draft.evictable, it.key);
  if (ready !== null) {
    draft.evictable.splice(draft.evictable.indexOf(ready), 1);
    draft.protectedIdle.push(ready);
    draft.ready.set(it.key, draft.ready.get(it.key)! - 1);
    draft.actions.push({ do: 'warm', revisionKey });
    return true;
  }
  const { idleBudgetMib, limitTotalMib } = draft.settings;
  const sum = (field: 'costMib' | 'limitMib') => draft.evictable.reduce((total, idle) => total + idle[field], 0);
  if (draft.idleMib - sum('costMib') + it.costMib > idleBudgetMib) return false;
  if (draft.limitMib - sum('limitMib') + it.limitMib > limitTotalMib) return false;
  fitIdleBudget(draft, it.costMib);
  while (draft.limitMib + it.limitMib > limitTotalMib) evictCheapest(draft);
  draft.idleMib += it.costMib;
  draft.limitMib += it.limitMib;
  draft.actions.push({ do: 'warm', revisionKey });
  return true;
}

function isAskedFor({ wanted, wantedInBackground, creating }: PlanClass): boolean {
  return wantedInBackground > 0 && wanted + wantedInBackground > creating;
}

/** The one that a claim will take: what the others hold stays idle. Null when none is ready. */
function newestReady(idle: readonly PlanSandbox[], classKey: string): PlanSandbox | null {
  let newest: PlanSandbox | null = null;
  for (const it of idle) {
    if (it.revisionKey !== null || it.classKey !== classKey) continue;
    const isNewer = newest === null || it.idleSinceMs > newest.idleSinceMs;
    if (isNewer || (it.idleSinceMs === newest!.idleSinceMs && it.id < newest!.id)) newest = it;
  }
  return newest;
}

/** P3, P6, P7, P8: the class that lacks most of its target first, the more recently claimed one on a tie. */
function refill(draft: Draft): void {
  const { refillMax, idleBudgetMib, limitTotalMib } = draft.settings;
  if (draft.classes.some((it) => it.isUsable && it.wanted > it.creating)) return;
  // A sandbox made for a class that work which may wait asks for goes to that work first.
  const open = draft.classes.filter((it) => it.isUsable && draft.nowMs >= it.retryAtMs && !isAskedFor(it));
  while (draft.refills < refillMax) {
    let best: PlanClass | null = null;
    let bestLack = 0;
    for (const it of open) {
      const lack = it.target > 0 ? 1 - draft.readyOrComing(it) / it.target : 0;
      const fits = draft.idleMib + it.costMib <= idleBudgetMib && draft.limitMib + it.limitMib <= limitTotalMib;
      if (!fits || lack <= 0) continue;
      if (lack > bestLack || (best !== null && lack === bestLack && it.lastClaimMs > best.lastClaimMs)) {
        best = it;
        bestLack = lack;
      }
    }
    if (best === null) return;
    draft.create(best, 'refill');
  }
}
