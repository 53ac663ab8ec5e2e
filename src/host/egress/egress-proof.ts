import type { GuardedDriver } from '../../contract/guarded-driver.ts';

export interface EgressProof {
  isProven: boolean;
  /** One sentence: what was tried and seen. */
  detail: string;
  fix: string | null;
}

/** Tries with real sandboxes of a driver whether its egress holds. */
export interface ProvesEgress {
  /** Whether this is a sandbox of a proof under way, which may be linked before anything is proven. */
  isTrial(sandboxId: string): boolean;
  /** Never rejects. */
  prove(driver: GuardedDriver): Promise<EgressProof>;
}
