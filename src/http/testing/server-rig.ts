import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Auth } from '../../auth/auth.ts';
import { openSecretBox } from '../../auth/master-key.ts';
import { Catalog } from '../../catalog/catalog.ts';
import type { CreateFunction } from '../../catalog/catalog-input.ts';
import { CodeCheck } from '../../catalog/code-check/code-check.ts';
import type { FunctionView } from '../../catalog/function-view.ts';
import { TestEvents } from '../../catalog/test-events.ts';
import { Comparisons } from '../../compare/comparisons.ts';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import type { InvocationRecord } from '../../domain/invocation.ts';
import type { Log } from '../../domain/log.ts';
import type { Scope } from '../../domain/names.ts';
import { uuid7 } from '../../ids/uuid7.ts';
import { createInvoker } from '../../invoke/invoke.ts';
import { DriverRegistry } from '../../isolations/isolation-registry.ts';
import { createTryRunner } from '../../main/try-runner.ts';
import { PackageStore } from '../../packages/package-store.ts';
import { removePackageTree } from '../../packages/remove-package-tree.ts';
import { SandboxPool } from '../../pool/pool.ts';
import { LiveFeed } from '../../records/live/live-feed.ts';
import { RecordsQueue } from '../../records/queue/records-queue.ts';
import { MemoryDriver } from '../../sandbox/drivers/memory/memory-driver.ts';
import type { MemoryModule } from '../../sandbox/drivers/memory/memory-module.ts';
import { guardDriver } from '../../sandbox/guard/guarded-driver.ts';
import type { ControlStore } from '../../store/contract/control-store.ts';
import { openControlStore } from '../../store/open-control-store.ts';
import { openTelemetryStore } from '../../store/open-telemetry-store.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { TemplateShelf } from '../../templates/template-shelf.ts';
import { type ConsoleServer, createConsoleServer } from '../console-server.ts';
import type { HttpConfig, HttpDeps } from '../deps.ts';
import { createFunctionServer, type FunctionServer } from '../function-url/function-server.ts';
import type { BodyBudget } from '../serving/body/body-budget.ts';
import type { WrongKeys } from '../serving/wrong-keys.ts';

const SCOPES = ['read', 'invoke', 'deploy'] as const satisfies readonly Scope[];
const ADMIN_KEY = 'admin-key';
const DRAIN_MS = 1_000;
const CLOSE_GRACE_MS = 1_000;

/** Answers with its event. */
const echo: MemoryModule = (event) => event;

/**
 * The server behind HTTP, real from the catalog down to SQLite in a temporary folder: catalog, keys, pool, guard, invoker,
 * records and live feed. Only sandboxes are the memory driver's, so what a function does is a function of the test; and what
 * is said of the host is made up. It begins with the function `hello`, which answers with its event.
 */
export class ServerRig implements AsyncDisposable {
  readonly deps: HttpDeps;
  readonly auth: Auth;
  readonly catalog: Catalog;
  readonly pool: SandboxPool;
  readonly driver: MemoryDriver;
  readonly records: RecordsQueue;
  readonly live = new LiveFeed();
  /** What the server wrote into its log. */
  readonly logged: object[] = [];
  readonly #dataDir: string;
  readonly #undo = new AsyncDisposableStack();
  /** Code by the hash of its package. */
  readonly #code = new Map<string, MemoryModule>();
  readonly #keys = new Map<Scope, string>([['admin', ADMIN_KEY]]);
  readonly #start: () => Promise<void>;

  private constructor(dataDir: string, stores: { control: ControlStore; telemetry: TelemetryStore }) {
    const { control, telemetry } = stores;
    const write = (context: object) => void this.logged.push(context);
    const log: Log = { debug: write, error: write, warn: write, info: write };
    this.#dataDir = dataDir;
    this.driver = new MemoryDriver({ resolve: ({ sha256 }) => this.#code.get(sha256) ?? echo });
    const guarded = guardDriver(this.driver, { onEvent() {}, destroyRetryMs: 1 });
    const registry = new DriverRegistry({ drivers: [guarded], order: ['process'], log });
    const packages = new PackageStore({ dataDir });
    const codeCheck = new CodeCheck({ pythonFor: () => null });
    this.auth = new Auth({ store: control, adminKey: ADMIN_KEY, onUpkeepFailure: (error) => write({ error }) });
    this.records = new RecordsQueue({ store: telemetry, feed: this.live, log });
    this.catalog = new Catalog({
      ...{ store: control, namedUrls: DEFAULT_WORKSPACE, packages, codeCheck, isolations: registry },
      secrets: openSecretBox(dataDir, null),
    });
    const host = { instance: 'aaaaaaaaaaaa', epoch: 'e1' };
    this.pool = new SandboxPool({
      ...{ drivers: registry, host, log, cores: 2, idleBudgetMib: 4_096, limitTotalMib: 100_000, readyBaseline: 0 },
    });
    const invoker = createInvoker({ pool: this.pool, records: this.records });
    const comparisons = new Comparisons({
      ...{ store: control, catalog: this.catalog, labels: host, log },
      server: { id: 'server', instance: host.instance, epoch: 1 },
      driverFor: (isolation, runtime) => registry.get(isolation, runtime),
      reserve: (mib) => this.pool.reserve(mib),
    });
    const uploadDir = join(dataDir, 'uploads');
    mkdirSync(uploadDir);
    this.deps = {
      config: { publicUrl: null, functionOrigin: () => 'http://127.0.0.1:8643', uploadDir, consoleDir: null },
      log,
      auth: this.auth,
      functions: this.catalog,
      testEvents: new TestEvents({ functions: this.catalog, store: control }),
      templates: new TemplateShelf(),
      keys: this.auth.keys,
      catalog: this.catalog,
      urls: this.catalog.urls,
      invoker,
      newInvocationId: uuid7,
      tryRunner: createTryRunner({ catalog: this.catalog, invoker }),
      comparisons,
      records: this.records,
      live: this.live,
      telemetry,
      platform: MADE_UP_HOST,
      pool: this.pool,
      prometheus: () => createMetrics().prometheus(),
    };
    this.catalog.onChange((functionId, live) => this.pool.setLive(functionId, live));
    this.#start = async () => {
      await packages.start();
      await this.auth.start();
      this.#undo.defer(() => this.auth.stop());
      this.#undo.defer(() => codeCheck.stop());
      await this.catalog.load();
      this.#undo.defer(() => this.records.stop());
      await registry.start();
      this.#undo.defer(async () => {
        registry.stop();
        await guarded.stop();
      });
      await this.pool.start(new AbortController().signal);
      this.#undo.defer(() => this.pool.stop());
      this.#undo.defer(() => comparisons.stop());
      this.#undo.defer(() => invoker.drain(DRAIN_MS));
      for (const scope of SCOPES) {
        const key = await this.auth.keys.create(DEFAULT_WORKSPACE, { name: scope, scopes: [scope], expiresAt: null });
        this.#keys.set(scope, key.secret);
      }
      await this.deploy('hello');
    };
  }

  static async open(config: Partial<HttpConfig> = {}): Promise<ServerRig> {
    const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-http-'));
    const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
    const control = await openControlStore({ dataDir, log });
    const telemetry = await openTelemetryStore({ dataDir, log });
    const rig = new ServerRig(dataDir, { control, telemetry });
    rig.#undo.defer(() => removePackageTree(dataDir));
    rig.#undo.defer(() => control.close());
    rig.#undo.defer(() => telemetry.close());
    Object.assign(rig.deps.config, config);
    await rig.#start();
    return rig;
  }

  /** A key that holds one scope. */
  key(scope: Scope): string {
    return this.#keys.get(scope)!;
  }

  /** A function whose code is `module`, or new code for the one there is. */
  async deploy(
    name: string,
    module: MemoryModule = echo,
    settings: Partial<CreateFunction> = {},
  ): Promise<FunctionView> {
    // The text differs for each, so that each package has a hash of its own.
    const code = { source: `export const handler = ${this.#code.size}; // ${name}` };
    const known = this.catalog.list(DEFAULT_WORKSPACE, { limit: 500 }).items.find((one) => one.name === name);
    if (known !== undefined) await this.catalog.remove(DEFAULT_WORKSPACE, name, {});
    const view = await this.catalog.create(
      DEFAULT_WORKSPACE,
      { name, runtime: 'nodejs24', capture: 'all', ...settings, code },
      {},
    );
    this.#code.set(view.codeSha256!, module);
    return view;
  }

  /** The console and API on a port of loopback, closed with the rig. */
  async listenConsole(budget?: BodyBudget, wrongKeys?: WrongKeys): Promise<{ http: ConsoleServer; port: number }> {
    const http = await createConsoleServer(this.deps, budget, wrongKeys);
    this.#undo.defer(() => http.close(CLOSE_GRACE_MS));
    return { http, port: await portOf(http.server) };
  }

  /** Function URLs on a port of loopback, closed with the rig. */
  async listenFunctions(budget?: BodyBudget, wrongKeys?: WrongKeys): Promise<{ http: FunctionServer; port: number }> {
    const http = createFunctionServer(this.deps, budget, wrongKeys);
    this.#undo.defer(() => http.close(CLOSE_GRACE_MS));
    return { http, port: await portOf(http.server) };
  }

  /** What is recorded of an invocation that has ended. */
  async record(id: string): Promise<InvocationRecord> {
    await this.records.flush();
    return (await this.records.get(DEFAULT_WORKSPACE, id))!;
  }

  /** Ends all, and proves that no sandbox is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
    if (this.driver.boxes.size > 0) throw new Error(`${this.driver.boxes.size} sandboxes left of ${this.#dataDir}`);
  }
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** No host is asked: these figures are only carried. */
const MADE_UP_HOST: HttpDeps['platform'] = {
  platform: () => ({
    version: '0.1.0',
    instance: 'aaaaaaaaaaaa',
    dataDir: '/data',
    startedAt: '2026-01-01T00:00:00.000Z',
    warnings: [],
    preparing: [],
    stuck: [],
  }),
  isolation: () => [],
  runtimes: () => [{ runtime: 'nodejs24', isolations: ['process'] }],
  notReady: (isolation) => (isolation === 'docker' ? 'The docker images are being built.' : null),
};
