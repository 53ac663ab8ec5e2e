import type { MeterReading } from '../../contract/driver.ts';
import type { Language } from '../../domain/runtimes.ts';
import { until } from './sandbox-rig.ts';

/**
 * How a sandbox came to a function. `claimed`: it had waited, and its shim had prepared what most functions need. `cold`: it was made for
 * the call. `warm`: it has answered before. `boot profile`: it was booted with the function's variables, its package in place.
 */
export const START_KINDS = ['claimed', 'cold', 'warm', 'boot profile'] as const;
export type StartKind = (typeof START_KINDS)[number];

/** Variables that make a sandbox boot with the function's environment and change nothing. */
export const BOOT_PROFILES: Record<Language, Record<string, string>> = {
  nodejs: { NODE_NO_WARNINGS: '0' },
  python: { PYTHONHASHSEED: '0' },
};

/** Between two looks at a sandbox's clock of CPU time, and how many of them must find it standing still. */
const LOOK_MS = 100;
const STILL_LOOKS = 3;
/** What an idle sandbox may use between two looks: some kernels of their own count time while nothing runs. */
const STILL_MAX_US = 5_000;
const DEADLINE_MS = 30_000;

/** Waits until a sandbox has nothing left to do by itself. One whose time is not measured counts as idle after the same looks. */
export async function untilIdle(meter: () => MeterReading): Promise<void> {
  let before = meter().cpuUs ?? 0;
  let stillLooks = 0;
  await until(
    'it is idle',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const now = meter().cpuUs ?? 0;
      stillLooks = now - before <= STILL_MAX_US ? stillLooks + 1 : 0;
      before = now;
      return stillLooks >= STILL_LOOKS;
    },
    DEADLINE_MS,
  );
}
