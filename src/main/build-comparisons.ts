import type { Catalog } from '../catalog/catalog.ts';
import { Comparisons } from '../compare/comparisons.ts';
import type { HostContext } from '../contract/host-context.ts';
import type { SandboxPool } from '../pool/pool.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { Stores } from './open-stores.ts';

interface Inputs {
  catalog: Catalog;
  stores: Stores;
  sandboxes: Sandboxes;
  pool: SandboxPool;
  host: HostContext;
}

/** Comparisons of isolations, with those of an earlier life marked as interrupted. */
export async function buildComparisons({ catalog, stores, sandboxes, pool, host }: Inputs): Promise<Comparisons> {
  const { instance, epoch, log } = host;
  const comparisons = new Comparisons({
    table: stores.control.comparisons,
    catalog,
    driverFor: (isolation, runtime) => sandboxes.registry.get(isolation, runtime),
    reserve: (mib) => pool.reserve(mib),
    labels: { instance, epoch },
    log,
  });
  await comparisons.recover();
  catalog.onChange((functionId, next) => {
    if (next === null) comparisons.functionRemoved(functionId);
  });
  return comparisons;
}
