import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLocalFunction } from '../../src/cli/deploy/read-folder.ts';
import { PREPARE_TIMEOUT_MS, requireIsolation, TESTED_ISOLATIONS } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../templates');
const TEMPLATE_NAMES = readdirSync(TEMPLATES).sort();

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

function eventNames(template: string): string[] {
  return readdirSync(join(TEMPLATES, template, 'events')).sort();
}

function json(template: string, kind: 'events' | 'expected', name: string): unknown {
  return JSON.parse(readFileSync(join(TEMPLATES, template, kind, name), 'utf8'));
}

it('there are templates, and each event has its expected result', () => {
  expect(TEMPLATE_NAMES.length).toBeGreaterThanOrEqual(2);
  for (const template of TEMPLATE_NAMES) {
    expect(eventNames(template).length, template).toBeGreaterThan(0);
    expect(readdirSync(join(TEMPLATES, template, 'expected')).sort(), template).toEqual(eventNames(template));
    expect(readLocalFunction(join(TEMPLATES, template)).manifest.description, template).toBeTruthy();
  }
});

describe.each(TESTED_ISOLATIONS)('under %s', (isolation) => {
  it.each(TEMPLATE_NAMES)(
    'the template %s gives what it promises',
    { timeout: PREPARE_TIMEOUT_MS },
    async (template, context) => {
      await requireIsolation(server, isolation, context as never);
      const { manifest, files } = readLocalFunction(join(TEMPLATES, template));
      const code = { files: Object.fromEntries([...files].map(([path, content]) => [path, content.toString()])) };
      const created = await server.api('POST', '/functions', { ...manifest, code, isolation });
      expect([created.status, created.text]).toEqual([201, expect.any(String)]);
      try {
        for (const name of eventNames(template)) {
          const reply = await server.invoke(manifest.name, json(template, 'events', name));
          expect([name, reply.status, reply.body]).toEqual([name, 200, json(template, 'expected', name)]);
          expect(reply.headers.get('coldframe-isolation')).toBe(isolation);
        }
      } finally {
        expect((await server.api('DELETE', `/functions/${manifest.name}`)).status).toBe(204);
      }
    },
  );
});
