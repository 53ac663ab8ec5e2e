import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { LoadSettings, Sandbox } from '../../contract/sandbox.ts';
import { MemoryDriver, type MemoryDriverOptions } from '../drivers/memory/memory-driver.ts';
import type { MemoryHandler, MemoryModule } from '../drivers/memory/memory-module.ts';
import type { GuardOptions, SandboxEvent } from '../guard/guard-options.ts';
import { guardDriver } from '../guard/guarded-driver.ts';
import { loaded, NEVER, NO_CODE } from './sandbox-rig.ts';

/** A guarded memory driver that runs one module whatever is loaded, and everything a test wants to look at. */
export interface MemoryRig {
  driver: MemoryDriver;
  guard: GuardedDriver;
  events: SandboxEvent[];
  /** A loaded sandbox. */
  sandbox(settings?: Partial<LoadSettings>): Promise<Sandbox>;
  /** Stops the guard and fails if a box is left. */
  close(): Promise<void>;
}

export async function memoryRig(
  module: MemoryModule | MemoryHandler,
  driverOptions: Partial<MemoryDriverOptions> = {},
  guardOptions: Partial<GuardOptions> = {},
): Promise<MemoryRig> {
  const driver = new MemoryDriver({ resolve: () => module, ...driverOptions });
  const events: SandboxEvent[] = [];
  const guard = guardDriver(driver, { ...guardOptions, onEvent: (event) => events.push(event) });
  await guard.start(NEVER);
  return {
    driver,
    guard,
    events,
    sandbox: async (settings = {}) => (await loaded(guard, NO_CODE, { settings })).sandbox,
    close: async () => {
      await guard.stop();
      if (driver.boxes.size > 0) throw new Error(`${driver.boxes.size} boxes left`);
      if (guard.live().length > 0) throw new Error('sandboxes left');
    },
  };
}
