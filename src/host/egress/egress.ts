import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { EgressLink, EgressPlace } from './egress-link.ts';
import type { EgressEnd, EgressNetwork } from './egress-network.ts';
import type { EgressProof, ProvesEgress } from './egress-proof.ts';

/**
 * Who may be linked to the egress network: sandboxes of drivers for which a real sandbox has shown, in this start, that nothing
 * forbidden can be reached. Creates that come while the proof runs wait for it; one that failed refuses them.
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

  /** Names a driver whose sandboxes may ask for a link; proven when the first one does, or by `prove` before. */
  offer(driver: GuardedDriver): void {
    this.#drivers.set(driver.name, driver);
  }

  /** Proves it once per driver; `fresh` does it again. Never rejects. */
  prove(driver: GuardedDriver, options: { fresh?: boolean } = {}): Promise<EgressProof> {
    const known = this.#proofs.get(driver.name);
    if (known !== undefined && !options.fresh) return known;
    const proof = this.#prover.prove(driver);
    this.#proofs.set(driver.name, proof);
    return proof;
  }

  /**
   * Links a sandbox of `driverName`; the link's `detach` must follow. Rejects with SandboxError: `network_unenforceable` where it was
   * not proven, `sandbox_start_failed` where it could not be made.
   */
  async attach(driverName: string, sandboxId: string, end: EgressEnd, signal: AbortSignal): Promise<EgressLink> {
    await this.admit(driverName, sandboxId);
    return await this.#network.attach(sandboxId, end, signal);
  }

  /** For drivers that build before they link: rejects as `attach` would, with nothing made. Proves first where nothing is known. */
  async admit(driverName: string, sandboxId: string): Promise<void> {
    if (this.#prover.isTrial(sandboxId)) return;
    const driver = this.#drivers.get(driverName);
    const proof = driver && (await this.prove(driver));
    if (!proof?.isProven)
      throw new SandboxError('network_unenforceable', proof?.detail ?? `egress was not proven for ${driverName}`);
  }

  /** For a machine that needs a guest's end and is linked to nothing, so that nothing need be proven. See EgressNetwork. */
  spareTap(sandboxId: string, uid: number, signal: AbortSignal): Promise<EgressPlace> {
    return this.#network.spareTap(sandboxId, uid, signal);
  }

  reapOlder(signal: AbortSignal): Promise<void> {
    return this.#network.reapOlder(signal);
  }

  /** After the drivers have stopped. */
  close(): Promise<void> {
    return this.#network.close();
  }
}
