import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineClient } from '../host/docker/engine-client.ts';
import { RECIPE_LABEL } from './image-recipe.ts';
import { RuntimeImages } from './runtime-images.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = new AbortController().signal;
const DAY_SECONDS = 24 * 60 * 60;

let directory: string;
let server: Server;
let engine: EngineClient;
let store: RuntimeImages;
/** The daemon's images by reference, as far as these tests need one. */
let present: Map<string, { label: string; ageSeconds: number; inUse: boolean }>;
let removed: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cf-store-'));
  mkdirSync(join(directory, 'runtimes'));
  writeFileSync(join(directory, 'shim'), 'x');
  present = new Map([['base:1', { label: '', ageSeconds: 0, inUse: false }]]);
  removed = [];
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://engine');
    const image = /\/images\/(.+?)(\/json)?$/.exec(decodeURIComponent(url.pathname))?.[1] ?? '';
    request.resume().once('end', () => {
      response.setHeader('Api-Version', '1.41');
      if (url.pathname === '/_ping') response.end('OK');
      else if (url.pathname.endsWith('/images/json')) response.end(JSON.stringify(listed()));
      else if (url.pathname.endsWith('/images/create')) response.writeHead(500).end('{"message":"no such host"}');
      else if (url.pathname.endsWith('/build')) {
        const label = JSON.parse(url.searchParams.get('labels')!)[RECIPE_LABEL];
        present.set(url.searchParams.get('t')!, { label, ageSeconds: 0, inUse: false });
        response.end('{"stream":"Step 1/1 : FROM base"}\n');
      } else if (request.method === 'DELETE') {
        if (present.get(image)?.inUse) response.writeHead(409).end('{"message":"in use"}');
        else {
          removed.push(image);
          response.end('[]');
        }
      } else if (present.has(image)) response.end(JSON.stringify({ Id: `sha256:${image}`, Config: { Labels: {} } }));
      else response.writeHead(404).end('{"message":"no such image"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, 'engine.sock'), resolve));
  engine = new EngineClient({ socketPath: join(directory, 'engine.sock') });
  store = storeWith('base:1');
});

afterEach(async () => {
  await engine.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

function storeWith(baseImage: string): RuntimeImages {
  const runtimesDir = join(directory, 'runtimes');
  return new RuntimeImages({
    engine,
    log: SILENT,
    nodePath: join(directory, 'shim'),
    nodeVersion: '24.0.0',
    runtimesDir,
    baseImage,
    suite: 'bookworm',
    bootstrapCommand: join(directory, 'no-mmdebstrap'),
  });
}

function listed() {
  return [...present]
    .filter(([, image]) => image.label !== '')
    .map(([tag, image]) => ({
      Id: `sha256:${tag}`,
      RepoTags: [tag],
      Labels: { [RECIPE_LABEL]: image.label },
      Created: Date.now() / 1000 - image.ageSeconds,
    }));
}

test('of our own images only old ones of another recipe that nothing uses are removed', async () => {
  present.set('coldframe/runtime:old', { label: 'old', ageSeconds: 2 * DAY_SECONDS, inUse: false });
  present.set('coldframe/runtime:used', { label: 'used', ageSeconds: 2 * DAY_SECONDS, inUse: true });
  present.set('coldframe/runtime:young', { label: 'young', ageSeconds: 60, inUse: false });
  present.set('somebody/else:1', { label: '', ageSeconds: 9 * DAY_SECONDS, inUse: false });
  const image = await store.prepareImages({ signal: NEVER });
  expect(image.reference).toMatch(/^coldframe\/runtime:/);
  expect(removed).toEqual(['coldframe/runtime:old']);
});

test('without a registry and without mmdebstrap the failure names both and the package that mends it', async () => {
  const poor = storeWith('registry/base:1');
  const failure = poor.prepareImages({ signal: NEVER });
  await expect(failure).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  await expect(failure).rejects.toThrow(/no such host.*apt-get install mmdebstrap/);
  expect(poor.failure).not.toBeNull();
});

test('an image that was removed behind our back is noticed at the next look', async () => {
  const image = await store.prepareImages({ signal: NEVER });
  expect(store.current).toEqual(image);
  present.delete(image.reference);
  expect(await store.find(NEVER)).toBeNull();
  expect(store.current).toBeNull();
});

test('an aborted signal begins nothing', async () => {
  await expect(store.prepareImages({ signal: AbortSignal.abort() })).rejects.toThrow();
  expect(store.progress).toBeNull();
});
