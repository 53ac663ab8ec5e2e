import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalTree } from '../../src/cli/deploy/local-tree.ts';
import { readLocalFunction } from '../../src/cli/deploy/read-folder.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { type ApiReply, TestServer } from '../support/test-server.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../templates');
const TEMPLATE_NAMES = readdirSync(TEMPLATES).sort();

interface Failure {
  code: string;
  error?: { errorType: string; errorMessage: string };
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

function textsOf({ files }: LocalTree): Record<string, string> {
  return Object.fromEntries([...files].map(([path, { content }]) => [path, content.toString()]));
}

function eventNames(template: string): string[] {
  return readdirSync(join(TEMPLATES, template, 'events')).sort();
}

function text(template: string, kind: 'events' | 'expected', file: string): string {
  return readFileSync(join(TEMPLATES, template, kind, file), 'utf8');
}

/** `name.json` is the result, `name.error.json` how the call fails, `name.txt` what is streamed. */
function expectedFile(template: string, event: string): string {
  const name = basename(event, '.json');
  const file = readdirSync(join(TEMPLATES, template, 'expected')).find((one) =>
    [`${name}.json`, `${name}.error.json`, `${name}.txt`].includes(one),
  );
  if (file === undefined) throw new Error(`${template}/expected has nothing for ${event}`);
  return file;
}

function expectReply(reply: ApiReply<Failure>, template: string, event: string): void {
  const file = expectedFile(template, event);
  const expected = text(template, 'expected', file);
  if (file.endsWith('.txt')) expect([event, reply.status, reply.text]).toEqual([event, 200, expected]);
  else if (!file.endsWith('.error.json'))
    expect([event, reply.status, reply.body]).toEqual([event, 200, JSON.parse(expected)]);
  else {
    const { status, code, errorType, errorMessage } = JSON.parse(expected) as Record<string, unknown>;
    expect([event, reply.status, reply.body.code, reply.body.error?.errorType]).toEqual([
      event,
      status,
      code,
      errorType,
    ]);
    expect(reply.body.error?.errorMessage).toContain(errorMessage);
  }
}

it('there are templates, and each event has its expected result', () => {
  expect(TEMPLATE_NAMES.length).toBeGreaterThanOrEqual(2);
  for (const template of TEMPLATE_NAMES) {
    expect(eventNames(template).length, template).toBeGreaterThan(0);
    expect(readdirSync(join(TEMPLATES, template, 'expected')).sort(), template).toEqual(
      eventNames(template).map((event) => expectedFile(template, event)),
    );
    expect(readLocalFunction(join(TEMPLATES, template)).manifest.description, template).toBeTruthy();
  }
});

it('each template has a twin in the other language, with the same events', () => {
  for (const template of TEMPLATE_NAMES) {
    const [, topic, language] = /^(.+)-(node|python)$/.exec(template) ?? [];
    const twin = `${topic}-${language === 'node' ? 'python' : 'node'}`;
    expect(TEMPLATE_NAMES).toContain(twin);
    for (const event of eventNames(template)) expect(text(twin, 'events', event)).toBe(text(template, 'events', event));
  }
});

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  it.for(TEMPLATE_NAMES)(
    'the template %s gives what it promises',
    { timeout: PREPARE_TIMEOUT_MS },
    async (template, context) => {
      await requireIsolation(server, isolation, context);
      const { manifest, tree } = readLocalFunction(join(TEMPLATES, template));
      const code = { files: textsOf(tree) };
      const created = await server.api('POST', '/functions', { ...manifest, code, isolation });
      expect([created.status, created.text]).toEqual([201, expect.any(String)]);
      try {
        for (const name of eventNames(template)) {
          const reply = await server.invoke<Failure>(manifest.name, text(template, 'events', name));
          expectReply(reply, template, name);
          if (!reply.headers.has('trailer')) expect(reply.headers.get('coldframe-isolation')).toBe(isolation);
        }
      } finally {
        expect((await server.api('DELETE', `/functions/${manifest.name}`)).status).toBe(204);
      }
    },
  );
});

/** Only `process` lets a function reach this host; with a network fenced off it is test/e2e/egress that has a world to call. */
it.for(['call-api-node', 'call-api-python'])(
  'the template %s gives what the other API answered, and says so when that refuses',
  { timeout: PREPARE_TIMEOUT_MS },
  async (template, context) => {
    await requireIsolation(server, 'process', context);
    const other = createServer((request, reply) => {
      reply.writeHead(request.url === '/gone' ? 410 : 200).end('Keep it logically awesome.');
    }).listen(0, '127.0.0.1');
    try {
      await once(other, 'listening');
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      const { manifest, tree } = readLocalFunction(join(TEMPLATES, template));
      const code = { files: textsOf(tree) };
      const tried = (event: object) =>
        server.api<{ result: unknown; invocation: { attempts: { error: { errorMessage: string } | null }[] } }>(
          'POST',
          `/functions/${manifest.name}/try`,
          { code, settings: { runtime: manifest.runtime, isolation: 'process', timeoutMs: 30_000 }, event },
        );
      expect((await tried({ url: `${url}/zen` })).body.result).toEqual({
        status: 200,
        body: 'Keep it logically awesome.',
      });
      const refused = await tried({ url: `${url}/gone` });
      expect(refused.body.invocation.attempts[0]?.error?.errorMessage).toBe(`${url}/gone answered 410.`);
    } finally {
      other.closeAllConnections();
      other.close();
    }
  },
);
