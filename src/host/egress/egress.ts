import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { EgressLink, EgressPlace } from './egress-link.ts';
import type { EgressEnd, EgressNetwork } from './egress-network.ts';
import type { EgressProof, ProvesEgress } from './egress-proof.ts';

interface Proving {
  proof: Promise<EgressProof>;
  /** What holds so far: the proof before this one while this one is under way. Null when nothing is known. */
  answer: EgressProof | null;
  isOver: boolean;
  beganAtMs: number;
}

/** A proof costs two sandboxes, which a busy host would have to make for every start of a function that waits. */
const AGAIN_MS = 10_000;

/**
 * Who may be linked to the egress network: sandboxes of a driver for which a real sandbox has shown, in this start,
 * that it reaches nothing forbidden. Creates that come while the proof runs wait for it. A proof that failed refuses
 * them.
 */
export class Egress {
  readonly #network: EgressNetwork;
  readonly #prover: ProvesEgress;
  readonly #drivers = new Map<string, GuardedDriver>();
  readonly #proofs = new Map<string, Proving>();
  readonly #now: () => number;

  /** `now` is monotonic, in milliseconds. */
  constructor(options: { network: EgressNetwork; prover: ProvesEgress; now?: () => number }) {
    this.#network = options.network;
    this.#prover = options.prover;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The file to be mounted at /etc/resolv.conf of sandboxes with egress. */
  get resolvConf(): string {
    return this.#network.resolvConf;
  }

  /** Names a driver whose sandboxes may ask for a link. It is proven when the first one asks, or earlier by `prove`. */
  offer(driver: GuardedDriver): void {
    this.#drivers.set(driver.name, driver);
  }

  /**
   * Proves the driver once; `fresh` proves it again. Never rejects. A proof that is no evidence changes nothing that
   * was proven, and is tried again when somebody asks after a while.
   */
  prove(driver: GuardedDriver, options: { fresh?: boolean } = {}): Promise<EgressProof> {
    const known = this.#proofs.get(driver.name);
    if (known !== undefined && !options.fresh && !this.#isWorthAnother(known)) return known.proof;
    const proving: Proving = {
      ...{ answer: known?.answer ?? null, isOver: false, beganAtMs: this.#now() },
      proof: this.#prover.prove(driver).then((proof) => {
        if (proof.isEvidence || !proving.answer?.isProven) proving.answer = proof;
        proving.isOver = true;
        return proving.answer;
      }),
    };
    this.#proofs.set(driver.name, proving);
    return proving.proof;
  }

  /**
   * Links a sandbox of `driverName`; the link's `detach` must follow. Rejects with SandboxError `network_unenforceable`
   * when its driver was not proven, and `sandbox_start_failed` when the link could not be made.
   */
  async attach(driverName: string, sandboxId: string, end: EgressEnd, signal: AbortSignal): Promise<EgressLink> {
    await this.admit(driverName, sandboxId);
    return await this.#network.attach(sandboxId, end, signal);
  }

  /**
   * For drivers that build before they link: rejects as `attach` would, with nothing made. When nothing is known, it
   * proves first.
   */
  async admit(driverName: string, sandboxId: string): Promise<void> {
    if (this.#prover.isTrial(sandboxId)) return;
    const driver = this.#drivers.get(driverName);
    const proof = driver && (await this.prove(driver));
    if (!proof?.isProven)
      throw new SandboxError('network_unenforceable', proof?.detail ?? `egress was not proven for ${driverName}`);
  }

  /** For a machine that needs a guest's end but no link, so nothing has to be proven. See EgressNetwork. */
  spareTap(sandboxId: string, uid: number, signal: AbortSignal): Promise<EgressPlace> {
    return this.#network.spareTap(sandboxId, uid, signal);
  }

  reapOlder(signal: AbortSignal): Promise<void> {
    return this.#network.reapOlder(signal);
  }

  /** Called after the drivers have stopped. */
  close(): Promise<void> {
    return this.#network.close();
  }

  #isWorthAnother({ answer, isOver, beganAtMs }: Proving): boolean {
    return isOver && answer?.isEvidence === false && this.#now() - beganAtMs > AGAIN_MS;
  }
}
