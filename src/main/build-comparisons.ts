import type { Catalog } from '../catalog/catalog.ts';
import { Comparisons } from '../compare/comparisons.ts';
import type { HostContext } from '../contract/host-context.ts';
import type { SandboxPool } from '../pool/pool.ts';
import type { ServerIdentity } from '../store/contract/control-store.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { Stores } from './open-stores.ts';

interface Inputs {
  catalog: Catalog;
  stores: Stores;
  sandboxes: Sandboxes;
  pool: SandboxPool;
  host: HostContext;
  server: ServerIdentity;
}

/** Comparisons of isolations. Those of an earlier life are marked as interrupted. */
export async function buildComparisons(inputs: Inputs): Promise<Comparisons> {
  const { catalog, stores, sandboxes, pool, host, server } = inputs;
  const { instance, epoch, log } = host;
  const comparisons = new Comparisons({
    store: stores.control,
    server,
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
