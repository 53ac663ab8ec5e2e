import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { EgressLink, EgressPlace } from './egress-link.ts';
import type { EgressEnd, EgressNetwork } from './egress-network.ts';
import type { EgressProof, ProvesEgress } from './egress-proof.ts';

/**
 * Who may be linked to the egress network: sandboxes of a driver for which a real sandbox has shown, in this start,
 * that it reaches nothing forbidden. Creates that come while the proof runs wait for it. A proof that failed refuses
 * them.
 */
export class Egress {
  readonly #network: EgressNetwork;
  readonly #prover: ProvesEgress;
  readonly #drivers = new Map<string, GuardedDriver>();
  readonly #proofs = new Map<string, Promise<EgressProof>>();

  constructor(options: { network: EgressNetwork; prover: ProvesEgress }) {
    this.#network = options.network;
    this.#prover = options.prover;
  }

  /** The file to be mounted at /etc/resolv.conf of sandboxes with egress. */
  get resolvConf(): string {
    return this.#network.resolvConf;
  }

  /** Names a driver whose sandboxes may ask for a link. It is proven when the first one asks, or earlier by `prove`. */
  offer(driver: GuardedDriver): void {
    this.#drivers.set(driver.name, driver);
  }

  /** Proves the driver once; `fresh` proves it again. Never rejects. */
  prove(driver: GuardedDriver, options: { fresh?: boolean } = {}): Promise<EgressProof> {
    const known = this.#proofs.get(driver.name);
    if (known !== undefined && !options.fresh) return known;
    const proof = this.#prover.prove(driver);
    this.#proofs.set(driver.name, proof);
    return proof;
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
}
