import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { CancelTokens } from './calls/cancel-tokens.ts';
import { createInvokeEndpoint, type InvokeEndpoint } from './calls/invoke-endpoint.ts';
import { invokeRefOf } from './calls/invoke-path.ts';
import { writeRefusal } from './calls/write-reply.ts';
import { type ConsolePages, createConsolePages } from './console/console-pages.ts';
import type { HttpDeps } from './deps.ts';
import { createAccess } from './serving/access.ts';
import { createApp } from './serving/app.ts';
import type { App } from './serving/app-types.ts';
import { BodyBudget } from './serving/body/body-budget.ts';
import { openLane } from './serving/lane/lane.ts';
import type { LaneHandler } from './serving/lane/lane-connection.ts';
import { answerBrokenHttp } from './serving/server/broken-http.ts';
import { CONNECTIONS_MAX, capConnections } from './serving/server/cap-connections.ts';
import { closeGracefully } from './serving/server/close-gracefully.ts';
import { createHostRule, type HostRule } from './serving/server/host-rule.ts';
import { serverOptions } from './serving/server/server-options.ts';
import { splitTarget } from './serving/server/split-target.ts';
import { WrongKeys } from './serving/wrong-keys.ts';

export interface ConsoleServer {
  /** For tests and the OpenAPI writer: `app.inject`, `app.swagger()`. */
  app: App;
  server: Server;
  /** Every registered operation, for checking the document against. */
  routes: { method: string; url: string }[];
  /** Bodies held now, in bytes; a metric. */
  readonly heldBodyBytes: number;
  /**
   * Stops accepting, and ends event streams and idle connections. Requests in flight may finish for `graceMs`; then
   * they are cut.
   */
  close(graceMs: number): Promise<void>;
}

/**
 * The listener of console and API. Calls of functions leave by the lean way before Fastify sees them, and calls that
 * arrive whole leave even before node:http. So do the console's own page and files. Everything else is an operation of
 * the app. Host and request target are checked once, in front of all of these.
 */
export async function createConsoleServer(
  deps: HttpDeps,
  budget: BodyBudget = new BodyBudget(deps.config.bodyBudgetBytes),
  wrongKeys: WrongKeys = new WrongKeys(),
): Promise<ConsoleServer> {
  const hosts = createHostRule(deps.config.publicUrl);
  const access = createAccess(deps.auth, hosts);
  const cancelTokens = new CancelTokens();
  const endpoint = createInvokeEndpoint({ deps, access, budget, cancelTokens, wrongKeys });
  const pages = createConsolePages(deps.config.consoleDir);
  const { app, methods } = await createApp({
    deps,
    access,
    budget,
    endpoint,
    cancelTokens,
    wrongKeys,
    createServer: (listener) => createNodeServer(deps, frontDoor(hosts, endpoint, pages, listener)),
  });
  await app.ready();
  const lane = openLane(app.server, wholeCalls(hosts, endpoint));
  return {
    app,
    server: app.server,
    routes: methods.all(),
    get heldBodyBytes() {
      return budget.heldBytes;
    },
    async close(graceMs) {
      const closed = closeGracefully(app.server, graceMs, lane);
      await app.close();
      await closed;
    },
  };
}

/** Calls with a right key; all else, refusals of hosts and of callers without one among it, is the front door's. */
function wholeCalls(hosts: HostRule, endpoint: InvokeEndpoint): LaneHandler {
  return (request, body, reply) => {
    const { path, headers } = request;
    const ref = invokeRefOf(path);
    if (ref === null || headers.authorization === undefined || !hosts.allows(headers.host)) return false;
    return endpoint.handleWhole(request, body, reply, ref);
  };
}

/** A load balancer asks by address. These answers tell only whether the server is up. */
const OPEN_TO_ANY_HOST = /^\/(healthz|readyz)(\?|$)/;

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

function frontDoor(hosts: HostRule, endpoint: InvokeEndpoint, pages: ConsolePages, app: Listener): Listener {
  return (req, res) => {
    const target = splitTarget(req);
    if (!target) {
      writeRefusal(res, new ColdframeError('bad_http'), randomUUID());
      return;
    }
    if (!hosts.allows(target.host) && !(target.host && OPEN_TO_ANY_HOST.test(target.path))) {
      writeRefusal(res, new ColdframeError('misdirected_host'), randomUUID());
      return;
    }
    req.url = target.path;
    const ref = req.method === 'POST' ? invokeRefOf(target.path) : null;
    if (ref !== null) endpoint.handle(req, res, ref);
    else if (!pages.handle(req, res)) app(req, res);
  };
}

function createNodeServer(deps: HttpDeps, listener: Listener): Server {
  const server = createServer(serverOptions(deps.config.requestTimeoutMs));
  server.maxHeadersCount = 0;
  server.on('request', listener);
  capConnections(server, deps.config.connectionsMax ?? CONNECTIONS_MAX, 'console', deps.log);
  answerBrokenHttp(server, listener);
  return server;
}
