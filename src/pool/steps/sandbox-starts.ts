import type { SandboxSpec } from '../../contract/driver.ts';
import type { HostContext } from '../../contract/host-context.ts';
import type { Log } from '../../domain/log.ts';
import type { DriverSource } from '../../isolations/isolation-registry.ts';
import { backoffMs, type ClassPool } from '../state/class-pool.ts';
import type { ClassPools } from '../state/class-pools.ts';
import { PooledSandbox } from '../state/pooled-sandbox.ts';
import type { RevisionPool } from '../state/revision-pool.ts';
import { sandboxSpec } from '../state/sandbox-class.ts';
import { asError, type ClaimHost, type ClaimRecord, claim, type LoadFailure } from './claim.ts';
import type { OwnedSandboxes } from './owned-sandboxes.ts';
import type { PlanLoop } from './plan-loop.ts';
import type { WaitingCallers } from './waiting-callers.ts';

/** One failed create may be bad luck; more in a row put the isolation itself in doubt. */
const SUSPECT_FAILURES = 2;

export interface SandboxStartsDeps {
  classes: ClassPools;
  sandboxes: OwnedSandboxes;
  callers: WaitingCallers;
  loop: PlanLoop;
  log: Log;
  drivers: DriverSource;
  labels: Pick<HostContext, 'instance' | 'epoch'>;
  signal: AbortSignal;
}

/**
 * Sandboxes on their way to a caller: they are made, kept ready, claimed and loaded. It also says what follows when one of
 * these steps fails. When a new sandbox is there (`made`), the revisions that still want one take turns.
 */
export class SandboxStarts implements MakerHost, ClaimHost {
  readonly #deps: SandboxStartsDeps;
  readonly #maker: Maker;

  constructor(deps: SandboxStartsDeps) {
    this.#deps = deps;
    this.#maker = new Maker(deps.labels, this);
  }

  get signal(): AbortSignal {
    return this.#deps.signal;
  }

  create(classPool: ClassPool): void {
    this.#maker.create(classPool);
  }

  settled(): Promise<void> {
    return this.#maker.settled();
  }

  claimReady(classPool: ClassPool, revision: RevisionPool): boolean {
    for (let entry = classPool.ready.pop(); entry; entry = classPool.ready.pop()) {
      if (entry.sandbox.alive) {
        this.#claim(entry, classPool, revision, 'claimed');
        return true;
      }
      this.#deps.sandboxes.discard(entry, 'sandbox_lost');
    }
    return false;
  }

  made(entry: PooledSandbox): void {
    const classPool = this.#deps.classes.of(entry.sandboxClass);
    classPool.succeeded();
    if (this.#deps.sandboxes.add(entry)) this.#place(entry, classPool);
    this.#deps.loop.request();
  }

  makingFailed(classPool: ClassPool, error: Error, beganAtMs: number): void {
    if (this.signal.aborted) return;
    classPool.failed(error, performance.now());
    const { isolation, runtime } = classPool.sandboxClass;
    this.#deps.log.warn(
      { isolation, runtime, failures: classPool.failures, err: error },
      'a sandbox could not be made',
    );
    if (classPool.failures >= SUSPECT_FAILURES) this.#deps.drivers.suspect(isolation);
    const revision = classPool.nextWaiting();
    if (revision !== null) this.#charge(revision, error, beganAtMs);
    this.#deps.loop.request();
  }

  loaded(entry: PooledSandbox, revision: RevisionPool): void {
    this.#deps.sandboxes.freezer.watch(entry);
    if (revision.queue.size === 0 && revision.background.size === 0) entry.startRecord = null;
    // This comes before `settle` ends the wait of callers whose time is over, because the sandbox was loading for them.
    this.#deps.callers.serve(revision);
    this.#deps.callers.settle(revision);
  }

  loadFailed(claimed: ClaimRecord, result: LoadFailure): void {
    const { entry, revision, start, reason } = claimed;
    const { callers, sandboxes, loop } = this.#deps;
    const { sandbox } = entry;
    sandboxes.discard(entry, 'sandbox_lost');
    revision.retryAtMs = performance.now() + backoffMs(revision.brokenLoads);
    const { head } = revision.queue;
    if (head !== null) {
      const beganAtMs = Math.max(claimed.beganAtMs, head.enqueuedAtMs);
      const queueMs = beganAtMs - head.enqueuedAtMs;
      const claimMs = Math.max(0, claimed.gotAtMs - beganAtMs);
      callers.answer(revision, head, { kind: 'loadFailed', result, start, reason, queueMs, claimMs, sandbox });
    } else {
      const claimMs = Math.max(0, claimed.gotAtMs - claimed.beganAtMs);
      const ask = revision.background.take();
      ask?.onResult({ kind: 'loadFailed', result, start, reason, queueMs: 0, claimMs, sandbox });
    }
    loop.releaseRefill();
    callers.settle(revision);
  }

  claimBroke({ entry, revision, gotAtMs }: ClaimRecord, error: Error): void {
    this.#deps.sandboxes.discard(entry, 'sandbox_lost');
    if (this.signal.aborted) return;
    this.#deps.log.warn({ sandboxId: entry.sandbox.id, err: error }, 'a claimed sandbox could not be used');
    this.#charge(revision, error, gotAtMs);
  }

  #place(entry: PooledSandbox, classPool: ClassPool): void {
    const revision = this.signal.aborted ? null : classPool.nextWaiting();
    if (revision !== null) this.#claim(entry, classPool, revision, 'cold');
    else if (classPool.sandboxClass.isGeneric) classPool.ready.push(entry);
    else this.#deps.sandboxes.discard(entry, 'spent');
  }

  #claim(entry: PooledSandbox, classPool: ClassPool, revision: RevisionPool, start: 'cold' | 'claimed'): void {
    claim(entry, classPool, revision, start, this);
    if (!classPool.sandboxClass.isGeneric) return;
    classPool.demand.claimed(performance.now());
    this.#deps.loop.holdRefill();
  }

  /** A waiting caller is charged with the failure; when nobody waits it was for minWarm, which tries again later. */
  #charge(revision: RevisionPool, error: Error, beganAtMs: number): void {
    if (!this.#deps.callers.charge(revision, error, beganAtMs)) {
      revision.prefills = 0;
      revision.retryAtMs = performance.now() + backoffMs(this.#failuresOf(revision));
    }
    this.#deps.callers.settle(revision);
  }

  #failuresOf({ sandboxClass }: RevisionPool): number {
    return sandboxClass === null ? 1 : this.#deps.classes.of(sandboxClass).failures;
  }
}

interface MakerHost {
  /** Aborts creates when the pool stops. */
  readonly signal: AbortSignal;
  made(entry: PooledSandbox): void;
  makingFailed(classPool: ClassPool, error: Error, beganAtMs: number): void;
}

/** Makes sandboxes of a class. Whom one is for is decided when it is there. The guard gives every create its deadline. */
class Maker {
  readonly #labels: SandboxSpec['labels'];
  readonly #host: MakerHost;
  readonly #creating = new Set<Promise<void>>();

  constructor(labels: SandboxSpec['labels'], host: MakerHost) {
    this.#labels = labels;
    this.#host = host;
  }

  create(classPool: ClassPool): void {
    classPool.creating++;
    const creating = this.#create(classPool).finally(() => this.#creating.delete(creating));
    this.#creating.add(creating);
  }

  /** Resolves when no create is under way. By then every sandbox that was made has been handed over. */
  async settled(): Promise<void> {
    while (this.#creating.size > 0) await Promise.all(this.#creating);
  }

  async #create(classPool: ClassPool): Promise<void> {
    const beganAtMs = performance.now();
    let entry: PooledSandbox;
    try {
      const sandbox = await classPool.sandboxClass.driver.create(
        sandboxSpec(classPool.sandboxClass, this.#labels),
        this.#host.signal,
      );
      entry = new PooledSandbox(sandbox, classPool.sandboxClass, beganAtMs, performance.now());
    } catch (error) {
      classPool.creating--;
      this.#host.makingFailed(classPool, asError(error), beganAtMs);
      return;
    }
    classPool.creating--;
    this.#host.made(entry);
  }
}
