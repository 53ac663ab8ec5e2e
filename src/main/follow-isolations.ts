import type { Catalog } from '../catalog/catalog.ts';
import type { Log } from '../domain/log.ts';
import type { DriverRegistry } from '../isolations/isolation-registry.ts';

/** Functions stored while their isolation was being prepared become active when it is usable. */
export function followIsolations({
  registry,
  catalog,
  log,
}: {
  registry: DriverRegistry;
  catalog: Catalog;
  log: Log;
}): void {
  const follow = async (): Promise<void> => {
    for (const driver of registry.usable()) await catalog.isolationReady(driver.isolation);
  };
  registry.onChange(() => {
    follow().catch((error: unknown) => log.error({ err: error }, 'functions could not be made active'));
  });
}
