import type { SandboxSpec } from '../../contract/driver.ts';
import type { DriverLog, HostContext } from '../../contract/host-context.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import { backoffMs, type ClassDesk } from '../state/class-pool.ts';
import { PooledSandbox } from '../state/pooled-sandbox.ts';
import type { RevisionPool } from '../state/revision-pool.ts';
import { sandboxSpec } from '../state/sandbox-class.ts';
import { asError, type ClaimHost, type ClaimStory, claim, type LoadFailure } from './claim.ts';
import type { PlanLoop } from './plan-loop.ts';
import type { Roster } from './retire-sandboxes.ts';
import type { Callers } from './serve-callers.ts';

/** One failed create may be bad luck; more in a row put the isolation itself in doubt. */
const SUSPECT_FAILURES = 2;

export interface SupplyDeps {
  roster: Roster;
  callers: Callers;
  loop: PlanLoop;
  log: DriverLog;
  drivers: DriverSource;
  labels: Pick<HostContext, 'instance' | 'epoch'>;
  signal: AbortSignal;
}

/**
 * Sandboxes on their way to a caller: made, put on a shelf, claimed, loaded; and what happens when any of it fails. Whom a
 * new sandbox is for is decided when it is there (`made`), in turn among the revisions that still want one.
 */
export class Supply implements MakerHost, ClaimHost {
  readonly #deps: SupplyDeps;
  readonly #maker: Maker;

  constructor(deps: SupplyDeps) {
    this.#deps = deps;
    this.#maker = new Maker(deps.labels, this);
  }

  get signal(): AbortSignal {
    return this.#deps.signal;
  }

  create(desk: ClassDesk): void {
    this.#maker.create(desk);
  }

  settled(): Promise<void> {
    return this.#maker.settled();
  }

  claimReady(desk: ClassDesk, revision: RevisionPool): boolean {
    for (let entry = desk.shelf.pop(); entry; entry = desk.shelf.pop()) {
      if (entry.sandbox.alive) {
        this.#claim(entry, revision, 'claimed');
        return true;
      }
      this.#deps.roster.discard(entry, 'sandbox_lost');
    }
    return false;
  }

  made(entry: PooledSandbox): void {
    const { desk } = entry;
    desk.succeeded();
    if (this.#deps.roster.add(entry)) this.#place(entry);
    this.#deps.loop.request();
  }

  makingFailed(desk: ClassDesk, error: Error, beganAtMs: number): void {
    if (this.signal.aborted) return;
    desk.failed(error, performance.now());
    const { isolation, runtime } = desk.sandboxClass;
    this.#deps.log.warn({ isolation, runtime, failures: desk.failures, err: error }, 'a sandbox could not be made');
    if (desk.failures >= SUSPECT_FAILURES) this.#deps.drivers.suspect(isolation);
    const revision = desk.nextHungry();
    if (revision !== null) this.#charge(revision, error, beganAtMs);
    this.#deps.loop.request();
  }

  loaded(entry: PooledSandbox, revision: RevisionPool): void {
    this.#deps.roster.freezer.watch(entry);
    if (revision.queue.size === 0) entry.story = null;
    this.#deps.callers.pump(revision);
    const isUnwanted = revision.isRetired && entry.leases === 0 && revision.queue.size === 0;
    if (isUnwanted) this.#deps.roster.discard(entry, 'retired');
    this.#deps.callers.settle(revision);
  }

  loadFailed(story: ClaimStory, result: LoadFailure): void {
    const { entry, revision, start, reason } = story;
    const { callers, roster, loop } = this.#deps;
    const { sandbox } = entry;
    roster.discard(entry, 'sandbox_lost');
    revision.retryAtMs = performance.now() + backoffMs(revision.brokenLoads);
    const { head } = revision.queue;
    if (head !== null) {
      const beganAtMs = Math.max(story.beganAtMs, head.enqueuedAtMs);
      const queueMs = beganAtMs - head.enqueuedAtMs;
      const claimMs = Math.max(0, story.gotAtMs - beganAtMs);
      callers.answer(revision, head, { kind: 'loadFailed', result, start, reason, queueMs, claimMs, sandbox });
    }
    loop.releaseRefill();
    callers.settle(revision);
  }

  claimBroke({ entry, revision, gotAtMs }: ClaimStory, error: Error): void {
    this.#deps.roster.discard(entry, 'sandbox_lost');
    if (this.signal.aborted) return;
    this.#deps.log.warn({ sandboxId: entry.sandbox.id, err: error }, 'a claimed sandbox could not be used');
    this.#charge(revision, error, gotAtMs);
  }

  #place(entry: PooledSandbox): void {
    const { desk } = entry;
    const revision = this.signal.aborted ? null : desk.nextHungry();
    if (revision !== null) this.#claim(entry, revision, 'cold');
    else if (desk.sandboxClass.isGeneric) desk.shelf.push(entry);
    else this.#deps.roster.discard(entry, 'spent');
  }

  #claim(entry: PooledSandbox, revision: RevisionPool, start: 'cold' | 'claimed'): void {
    claim(entry, revision, start, this);
    if (!entry.desk.sandboxClass.isGeneric) return;
    entry.desk.demand.claimed(performance.now());
    this.#deps.loop.holdRefill();
  }

  /** minWarm tries again later; a caller may have one more try. */
  #charge(revision: RevisionPool, error: Error, beganAtMs: number): void {
    if (!this.#deps.callers.charge(revision, error, beganAtMs)) {
      revision.prefills = 0;
      revision.retryAtMs = performance.now() + backoffMs(revision.desk?.failures ?? 1);
    }
    this.#deps.callers.settle(revision);
  }
}

interface MakerHost {
  /** Aborts creates when the pool stops. */
  readonly signal: AbortSignal;
  made(entry: PooledSandbox): void;
  makingFailed(desk: ClassDesk, error: Error, beganAtMs: number): void;
}

/**
 * Makes sandboxes of a class. It makes no promise about whom one is for: that is decided when it is there, so a caller who
 * was served meanwhile wastes no sandbox and a failed create holds nobody up. The guard gives every create its deadline.
 */
class Maker {
  readonly #labels: SandboxSpec['labels'];
  readonly #host: MakerHost;
  readonly #creating = new Set<Promise<void>>();

  constructor(labels: SandboxSpec['labels'], host: MakerHost) {
    this.#labels = labels;
    this.#host = host;
  }

  create(desk: ClassDesk): void {
    desk.creating++;
    const creating = this.#create(desk).finally(() => this.#creating.delete(creating));
    this.#creating.add(creating);
  }

  /** Resolves when no create is under way; what was made meanwhile has been handed over. */
  async settled(): Promise<void> {
    while (this.#creating.size > 0) await Promise.all(this.#creating);
  }

  async #create(desk: ClassDesk): Promise<void> {
    const beganAtMs = performance.now();
    let entry: PooledSandbox;
    try {
      const sandbox = await desk.driver.create(sandboxSpec(desk.sandboxClass, this.#labels), this.#host.signal);
      entry = new PooledSandbox(sandbox, desk, beganAtMs, performance.now());
    } catch (error) {
      desk.creating--;
      this.#host.makingFailed(desk, asError(error), beganAtMs);
      return;
    }
    desk.creating--;
    this.#host.made(entry);
  }
}
