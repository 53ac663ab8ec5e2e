import type { ProbeResult } from '../contract/driver.ts';
import type { GuardedDriver } from '../contract/guarded-driver.ts';
import type { Isolation, Network } from '../domain/names.ts';

/** Whether a driver's egress was proven. If not, why, and what mends it. */
export interface EgressAnswer {
  isProven: boolean;
  detail: string;
  fix: string | null;
}

/** The shape that the catalog's isolation resolver promises. */
export interface ResolvedDriver {
  isolation: Isolation;
  preparing: boolean;
  memoryMinMib: number;
  networks: readonly Network[];
  /** Why egress is not among them, where it was tried. */
  whyNoEgress: string | null;
}

export interface DriverReport {
  driver: GuardedDriver;
  state: 'usable' | 'preparing' | 'unusable';
  /** Null before the first probe. */
  probe: ProbeResult | null;
  /** Null when the driver links no sandboxes, or while nothing is known yet. */
  egress: EgressAnswer | null;
}
