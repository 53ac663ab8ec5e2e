import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConsoleServer } from '../../console-server.ts';
import { ServerRig } from '../../testing/server-rig.ts';

let rig: ServerRig;
let http: ConsoleServer;
beforeAll(async () => {
  rig = await ServerRig.open();
  ({ http } = await rig.listenConsole());
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId?: string; responses?: object; security?: object[] }>>;
}

async function document(): Promise<Document> {
  return (await http.app.inject('/api/v1/openapi.json')).json();
}

it('lists exactly the routes that are registered', async () => {
  const { openapi, paths } = await document();
  const listed = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const registered = http.routes.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  expect(openapi).toBe('3.1.0');
  expect(listed.sort()).toEqual(registered.sort());
  expect(listed).toContain('POST /api/v1/functions/{ref}/invoke');
});

it('names every operation once, and tells which ones need no key', async () => {
  const operations = Object.entries((await document()).paths).flatMap(([path, item]) =>
    Object.values(item).map((operation) => ({ path, ...operation })),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
  const open = operations.filter(({ security }) => security?.length === 0).map(({ path }) => path);
  expect(open.filter((path) => path.startsWith('/api/')).sort()).toEqual(['/api/v1/openapi.json', '/api/v1/session']);
});

it('is valid by the recommended rules of Redocly', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const source = JSON.stringify(await document());
  const problems = await lintFromString({ source, config });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual([]);
});
