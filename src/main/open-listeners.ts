import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Auth } from '../auth/auth.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { TestEvents } from '../catalog/test-events.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../domain/log.ts';
import { createConsoleServer } from '../http/console-server.ts';
import type { ComparisonOperations, HttpDeps, PlatformOperations, TryRunner } from '../http/deps.ts';
import { createFunctionServer } from '../http/function-url/function-server.ts';
import { BodyBudget } from '../http/serving/body/body-budget.ts';
import { listen } from '../http/serving/listen.ts';
import { portHolder } from '../http/serving/server/port-holder.ts';
import { WrongKeys } from '../http/serving/wrong-keys.ts';
import type { Invoker } from '../invoke/types.ts';
import type { Pool } from '../pool/types.ts';
import { TemplateShelf } from '../templates/template-shelf.ts';
import { connectionsMax } from './descriptor-limit.ts';
import type { Stores } from './open-stores.ts';
import type { StopInOrder } from './stop-in-order.ts';

/** Requests in flight when the listeners close have already had the drain. This time is for their last bytes. */
const CLOSE_GRACE_MS = 2_000;
/** The same folder from src/main/ in a clone and from dist/main/ in a package. */
const CONSOLE_DIR = resolve(import.meta.dirname, '../../dist/console');

interface Inputs {
  config: Config;
  dataDir: string;
  log: Log;
  undo: StopInOrder;
  parts: {
    auth: Auth;
    catalog: Catalog;
    functions: Catalog;
    testEvents: TestEvents;
    invoker: Invoker;
    pool: Pool;
    stores: Stores;
    platform: PlatformOperations;
    tryRunner: TryRunner;
    comparisons: ComparisonOperations;
    newInvocationId(): string;
  };
}

export interface Listeners {
  url: string;
  functionUrl: string;
  signInLink(): string;
}

/**
 * Opens console and API on one origin and function URLs on another. Then it writes server.json, by which the CLI on
 * this host finds them.
 */
export async function openListeners({ config, dataDir, log, undo, parts }: Inputs): Promise<Listeners> {
  const { auth, stores } = parts;
  const uploadDir = join(dataDir, 'uploads');
  rmSync(uploadDir, { recursive: true, force: true });
  mkdirSync(uploadDir, { mode: 0o700 });
  let functionOrigin = config.functionOrigin ?? '';
  const deps: HttpDeps = {
    config: {
      publicUrl: config.publicUrl,
      functionOrigin: () => functionOrigin,
      functionDomain: config.functionDomain,
      uploadDir,
      consoleDir: CONSOLE_DIR,
      connectionsMax: connectionsMax(),
    },
    log,
    auth,
    functions: parts.functions,
    testEvents: parts.testEvents,
    templates: new TemplateShelf(),
    keys: auth.keys,
    catalog: parts.catalog,
    urls: parts.catalog.urls,
    invoker: parts.invoker,
    newInvocationId: parts.newInvocationId,
    tryRunner: parts.tryRunner,
    comparisons: parts.comparisons,
    records: stores.records,
    live: stores.feed,
    telemetry: stores.telemetry,
    platform: parts.platform,
    pool: parts.pool,
    prometheus: stores.prometheus,
  };
  const budget = new BodyBudget();
  const wrongKeys = new WrongKeys();
  const consoleServer = await createConsoleServer(deps, budget, wrongKeys);
  undo.add('console listener', () => consoleServer.close(CLOSE_GRACE_MS));
  const functionServer = createFunctionServer(deps, budget, wrongKeys);
  undo.add('function listener', () => functionServer.close(CLOSE_GRACE_MS));
  const onMoved = (from: number, to: number): void =>
    log.warn({ from, to }, 'the default port is in use; listening on the next free one');
  const { host } = config;
  const port = await listen(consoleServer.server, {
    host,
    port: config.port,
    isExplicit: config.portIsExplicit,
    holderOf: portHolder,
    onMoved,
  });
  const functionPort = await listen(functionServer.server, {
    host,
    port: config.functionPort ?? (config.port === 0 ? 0 : port + 1),
    isExplicit: config.functionPort !== null,
    holderOf: portHolder,
    onMoved,
  });
  const url = `http://${localName(host)}:${port}`;
  if (config.functionOrigin === null) functionOrigin = `http://${localName(host)}:${functionPort}`;
  const serverFile = join(dataDir, 'server.json');
  writeFileSync(serverFile, `${JSON.stringify({ url, functionUrl: functionOrigin, pid: process.pid })}\n`, {
    mode: 0o600,
  });
  undo.add('server.json', () => rmSync(serverFile, { force: true }));
  log.info({ url, functionUrl: functionOrigin }, 'listening');
  const publicOrigin = config.publicUrl?.origin ?? url;
  return {
    url: publicOrigin,
    functionUrl: functionOrigin,
    signInLink: () => `${publicOrigin}/#token=${auth.mintLinkToken()}`,
  };
}

/** The address a program on this host can connect to: an address that means "all interfaces" is replaced. */
function localName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
