import { availableParallelism, totalmem } from 'node:os';
import type { Config } from './config/config.ts';
import { type DataDir, openDataDir } from './config/data-dir.ts';
import { lockDataDir } from './config/data-lock.ts';
import { MIB } from './domain/limits.ts';
import { closeInherited } from './host/launch/close-inherited.ts';
import { removeTree } from './host/slot/remove-tree.ts';
import { uuid7 } from './ids/uuid7.ts';
import { createInvoker } from './invoke/invoke.ts';
import { openSeenIsolations } from './isolations/seen-isolations.ts';
import { availableMemoryMib } from './main/available-memory.ts';
import { buildCatalog } from './main/build-catalog.ts';
import { buildComparisons } from './main/build-comparisons.ts';
import { buildSandboxes } from './main/build-sandboxes.ts';
import { describePlatform } from './main/describe-platform.ts';
import { followIsolations } from './main/follow-isolations.ts';
import { guardWrites } from './main/guard-writes.ts';
import { openHost } from './main/open-host.ts';
import { openListeners } from './main/open-listeners.ts';
import { openStores } from './main/open-stores.ts';
import { protectFromOom } from './main/protect-from-oom.ts';
import { publishPool } from './main/publish-pool.ts';
import { stopInOrder } from './main/stop-in-order.ts';
import { createTryRunner } from './main/try-runner.ts';
import { SandboxPool } from './pool/pool.ts';
import { humanLines } from './telemetry/human-lines.ts';
import { createLogger } from './telemetry/logger.ts';
import { TurnWatch } from './telemetry/turn-watch.ts';

/** The sum of memory limits stays below this share of the host's memory; the rest is the server's and the system's. */
const LIMIT_SHARE = 0.9;
const IDLE_SHARE = 0.25;
/** For calls in flight after SIGTERM; then they are cancelled. */
const DRAIN_MS = 30_000;
/** For what a last start left in the run directory, when it stops: the next start goes on where this one had to end. */
const REMOVE_DEADLINE_MS = 10_000;

export interface RunningServer {
  url: string;
  functionUrl: string;
  dataDir: DataDir;
  /** A new sign-in link: works once, for 10 minutes. */
  signInLink(): string;
  /** Resolves when the first isolation is usable; says which are. */
  whenUsable(): Promise<string[]>;
  /** Graceful: no new work, calls in flight finish, records are written, everything is removed. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * The composition root: the one place that builds the parts and joins them. Rejects with a catalogue error that says what to
 * do (`data_dir_locked`, `port_in_use`, ...), having undone what it did. It waits for nothing slow: isolations are probed and
 * images prepared while it already answers.
 */
export async function startServer(config: Config, xdgDataHome?: string): Promise<RunningServer> {
  const log = createLogger({
    level: config.logLevel,
    ...(process.stdout.isTTY ? { destination: humanLines((line) => process.stdout.write(line)) } : {}),
  });
  if (process.platform === 'linux') closeInherited();
  const dataDir = openDataDir(config.dataDir, xdgDataHome);
  const lock = lockDataDir(dataDir.path);
  const stopping = new AbortController();
  const undo = stopInOrder(log);
  undo.add('lock', () => lock.release());
  try {
    const stores = await openStores({ dataDir: dataDir.path, log, undo });
    const { host, server } = await openHost({ dataDir: dataDir.path, store: stores.control, log });
    undo.add('server row', () => stores.control.servers.end(server.id));
    undo.add('run directory', () => removeTree(host.runDir, AbortSignal.timeout(REMOVE_DEADLINE_MS)));
    const seen = await openSeenIsolations(stores.control.settings, host.instance, log);
    const sandboxes = buildSandboxes(host, config, seen, stores.metrics);
    undo.add('drivers', () => sandboxes.stop());
    const { catalog, packages, auth, testEvents, startFollowing } = await buildCatalog({
      config,
      dataDir: dataDir.path,
      stores,
      sandboxes,
      log,
      undo,
    });
    const pool = new SandboxPool({
      drivers: sandboxes.registry,
      host,
      log,
      cores: availableParallelism(),
      idleBudgetMib: config.poolMemoryMib ?? Math.floor(availableMemoryMib() * IDLE_SHARE),
      limitTotalMib: Math.floor((totalmem() / MIB) * LIMIT_SHARE),
      readyBaseline: config.poolReady ?? undefined,
    });
    undo.add('pool', () => pool.stop());
    undo.add('pool feed', publishPool(stores.feed, pool));
    catalog.onChange((functionId, live) => pool.setLive(functionId, live));
    const invoker = createInvoker({ pool, records: stores.records });
    stores.connectMetrics({ pool, invoker, sandboxes });
    const comparisons = await buildComparisons({ catalog, stores, sandboxes, pool, host, server });
    const platform = describePlatform({ config, dataDir, host, sandboxes, stores, isProtected: protectFromOom() });
    const listeners = await openListeners({
      config,
      log,
      undo,
      parts: {
        auth,
        catalog,
        invoker,
        pool,
        stores,
        platform,
        testEvents: guardWrites(testEvents, ['put'], stores.disk),
        functions: guardWrites(catalog, ['create', 'update', 'putCode'], stores.disk),
        tryRunner: createTryRunner({ catalog, invoker }),
        comparisons: guardWrites(comparisons, ['start'], stores.disk),
        newInvocationId: uuid7,
      },
      dataDir: dataDir.path,
    });
    undo.add('calls in flight', () => invoker.drain(DRAIN_MS));
    undo.add('comparisons', () => comparisons.stop());
    followIsolations({ registry: sandboxes.registry, catalog, log });
    const usable = sandboxes.registry.start().then(() => sandboxes.registry.usable().map((driver) => driver.isolation));
    await pool.start(stopping.signal);
    for (const [functionId, live] of catalog.live()) pool.setLive(functionId, live);
    void usable.then(() => sandboxes.prepareImages(stopping.signal));
    packages.startCollecting();
    startFollowing();
    // Not before: what a start does at a stretch holds nobody up.
    const turns = new TurnWatch({ log, count: stores.metrics.turnWasLong });
    undo.add('turn watch', async () => turns.stop());
    undo.add('background work', () => stopping.abort());
    return { ...listeners, dataDir, whenUsable: () => usable, stop: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}
