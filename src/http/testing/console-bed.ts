import { existsSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { type ConsoleServer, createConsoleServer } from '../console-server.ts';
import { fakeDeps } from './fake-deps.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The console's server over stand-ins for one test file: up before its first test, closed and nothing left after its last. */
export function consoleBed() {
  const deps = fakeDeps();
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
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
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
