import type { GuardedDriver } from '../../contract/guarded-driver.ts';

export interface EgressProof {
  isProven: boolean;
  /** False when no sandbox came far enough to show anything, as on a host that is too busy. That is no evidence. */
  isEvidence: boolean;
  /** One sentence: what was tried and seen. */
  detail: string;
  fix: string | null;
}

/** Shows with real sandboxes of a driver whether its egress fence holds. */
export interface ProvesEgress {
  /** Whether this sandbox belongs to a proof under way, and so may be linked before anything is proven. */
  isTrial(sandboxId: string): boolean;
  /** Never rejects. */
  prove(driver: GuardedDriver): Promise<EgressProof>;
}
