import { openAdminKey } from '../auth/admin-key.ts';
import { Auth } from '../auth/auth.ts';
import { openSecretBox } from '../auth/master-key.ts';
import { Catalog } from '../catalog/catalog.ts';
import { CodeCheck } from '../catalog/code-check/code-check.ts';
import { TestEvents } from '../catalog/test-events.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import type { Log } from '../domain/log.ts';
import type { RuntimeId } from '../domain/names.ts';
import { PackageStore } from '../packages/package-store.ts';
import { ChangeFollower } from '../store/feed/change-follower.ts';
import type { Sandboxes } from './build-sandboxes.ts';
import type { Stores } from './open-stores.ts';
import type { StopInOrder } from './stop-in-order.ts';

const COLLECT_EVERY_MS = 10 * 60_000;
/**
 * The overflow uid would serve for a syntax check, but files of unmapped owners look like its own. So the check takes a
 * uid from the end of the sandbox range.
 */
const CHECKER_UID = 649_999;

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
  /** Starts to hear what other servers change, once every listener of the catalog is there. */
  startFollowing(): void;
  packages: { startCollecting(): void };
}

/** What is deployed and who may touch it: packages, secrets, keys, functions. */
export async function buildCatalog({ config, dataDir, stores, sandboxes, log, undo }: Inputs): Promise<CatalogParts> {
  const packages = new PackageStore({ dataDir });
  await packages.start();
  // This comes before anything is loaded, so that no change falls in between.
  const feed = await ChangeFollower.open({ changes: stores.control.changes, log });
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
    namedUrls: DEFAULT_WORKSPACE,
    catchUp: () => feed.catchUp(),
    packages,
    codeCheck,
    isolations: sandboxes.registry,
    secrets: openSecretBox(dataDir, config.masterKey),
  });
  for (const broken of await catalog.load()) log.warn(broken, 'a function cannot be called');
  feed.follow('function', catalog);
  feed.follow('key', auth.keys);
  feed.follow('session', auth.sessions);
  const testEvents = new TestEvents({ functions: catalog, store: stores.control });
  return {
    catalog,
    auth,
    testEvents,
    startFollowing() {
      feed.start();
      undo.add('change feed', () => feed.stop());
    },
    packages: {
      startCollecting() {
        const timer = setInterval(() => {
          catalog
            .collectPackages(DEFAULT_WORKSPACE)
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
