import { openAdminKey } from '../auth/admin-key.ts';
import { Auth } from '../auth/auth.ts';
import { openSecretBox } from '../auth/master-key.ts';
import { Catalog } from '../catalog/catalog.ts';
import { CodeCheck } from '../catalog/code-check/code-check.ts';
import { TestEvents } from '../catalog/test-events.ts';
import type { Config } from '../config/config.ts';
import type { RuntimeId } from '../domain/names.ts';
import { PackageStore } from '../packages/package-store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { Stores } from './open-stores.ts';
import type { StopInOrder } from './stop-in-order.ts';

const COLLECT_EVERY_MS = 10 * 60_000;
/** The overflow uid would do for a syntax check, but files of unmapped owners look like its: take one of the sandbox range's end. */
const CHECKER_UID = 649_999;
const WORKSPACE = 'default';

interface Inputs {
  config: Config;
  dataDir: string;
  stores: Stores;
  sandboxes: Sandboxes;
  log: Log;
  undo: StopInOrder;
}

export interface CatalogParts {
  catalog: Catalog;
  auth: Auth;
  testEvents: TestEvents;
  packages: { startCollecting(): void };
}

/** What is deployed and who may touch it: packages, secrets, keys, functions. */
export async function buildCatalog({ config, dataDir, stores, sandboxes, log, undo }: Inputs): Promise<CatalogParts> {
  const packages = new PackageStore({ dataDir });
  await packages.start();
  const auth = new Auth({
    store: stores.control,
    adminKey: openAdminKey(dataDir, config.adminKey),
    onUpkeepFailure: (error) => log.warn({ err: error }, 'the upkeep of keys and sessions failed'),
  });
  await auth.start();
  undo.add('keys', () => auth.stop());
  const codeCheck = new CodeCheck({
    pythonFor: (runtime) => interpreterOf(sandboxes, runtime),
    childUser: process.getuid?.() === 0 ? { uid: CHECKER_UID, gid: CHECKER_UID } : null,
  });
  codeCheck.start();
  undo.add('code checks', () => codeCheck.stop());
  const catalog = new Catalog({
    store: stores.control,
    packages,
    codeCheck,
    isolations: sandboxes.registry,
    secrets: openSecretBox(dataDir, config.masterKey),
  });
  for (const broken of await catalog.load()) log.warn(broken, 'a function cannot be called');
  const testEvents = new TestEvents({ functions: catalog, table: stores.control.testEvents });
  return {
    catalog,
    auth,
    testEvents,
    packages: {
      startCollecting() {
        const timer = setInterval(() => {
          catalog
            .collectPackages(WORKSPACE)
            .catch((error: unknown) => log.warn({ err: error }, 'packages could not be collected'));
        }, COLLECT_EVERY_MS).unref();
        undo.add('package collector', () => clearInterval(timer));
      },
    },
  };
}

function interpreterOf(sandboxes: Sandboxes, runtime: RuntimeId): string | null {
  return sandboxes.runtimes.ids.includes(runtime) ? sandboxes.runtimes.get(runtime).interpreter : null;
}
