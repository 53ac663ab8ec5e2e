import { existsSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { CatalogTestbed } from '../../catalog/testing/catalog-testbed.ts';
import { type ConsoleServer, createConsoleServer } from '../console-server.ts';
import type { HttpDeps } from '../deps.ts';
import { fakeDeps } from './fake-deps.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * The console's server for one test file, over the real catalog and store, which begin each test with the function `hello`,
 * and over stand-ins for the rooms that call functions: up before the first test, closed and nothing left after the last.
 */
export function consoleBed() {
  const behind = new CatalogTestbed();
  const deps = fakeDeps();
  deps.functions = functionsOf(behind);
  beforeEach(() => behind.create());
  let http: ConsoleServer;

  beforeAll(async () => {
    http = await createConsoleServer(deps);
  });
  afterAll(async () => {
    await http.close(1_000);
    if (existsSync(deps.config.uploadDir)) rmdirSync(deps.config.uploadDir);
  });

  async function send(
    method: Method,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
    key = 'admin-key',
  ) {
    const payload =
      body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/json' };
    const reply = await http.app.inject({
      method,
      url,
      payload,
      headers: { ...type, authorization: `Bearer ${key}`, ...headers },
    });
    const isJson = /json/.test(String(reply.headers['content-type']));
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.payload,
      json: isJson ? reply.json() : null,
    };
  }

  return {
    deps,
    send,
    get http() {
      return http;
    },
  };
}

/** The catalog of the test that runs: each has a fresh one. */
function functionsOf(behind: CatalogTestbed): HttpDeps['functions'] {
  return {
    names: (...given) => behind.catalog.names(...given),
    list: (...given) => behind.catalog.list(...given),
    get: (...given) => behind.catalog.get(...given),
    create: (...given) => behind.catalog.create(...given),
    update: (...given) => behind.catalog.update(...given),
    remove: (...given) => behind.catalog.remove(...given),
    putCode: (...given) => behind.catalog.putCode(...given),
    getCode: (...given) => behind.catalog.getCode(...given),
    getCodeZip: (...given) => behind.catalog.getCodeZip(...given),
  };
}
