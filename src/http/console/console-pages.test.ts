import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exchange } from '../testing/raw-http.ts';
import { ServerRig } from '../testing/server-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'coldframe-console-'));
const SCRIPT = 'console.log("hello")';
let rig: ServerRig;
let origin: string;

beforeAll(async () => {
  rig = await ServerRig.open({ consoleDir: join(folder, 'built') });
  origin = `http://127.0.0.1:${(await rig.listenConsole()).port}`;
  writeFileSync(join(folder, 'outside.js'), 'secret');
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

it('before it is built the API answers, and every screen is the page that signs in and waits for it', async () => {
  const authorization = 'Bearer admin-key';
  const created = await fetch(`${origin}/api/v1/functions`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'early', runtime: 'nodejs', code: { source: 'export const handler = () => 1' } }),
  });
  expect(created.status).toBe(201);
  expect((await get('/api/v1/functions/early', { authorization })).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
  for (const path of ['/', '/functions/early/monitor?window=1h', '/platform']) {
    const page = await text(path);
    expect(page).toContain('/assets/landing.js');
    expect(page).toContain('The console is not built yet');
  }
  expect((await get('/console/index-abcd1234.js')).status).toBe(404);
});

it('once it is built it is there without a restart, and so is each newer build', async () => {
  build('one');
  await expect.poll(() => text('/'), { timeout: 5_000 }).toContain('one');
  build('two');
  await expect.poll(() => text('/'), { timeout: 5_000 }).toContain('two');
});

it('every screen is the page, with a nonce of its own in the policy and in the page', async () => {
  const replies = await Promise.all(
    ['/', '/functions/a/monitor', '/invocations', '/platform?x=1'].map((path) => get(path)),
  );
  const nonces = replies.map(
    ({ headers }) => /'nonce-([\w-]{22})'/.exec(headers.get('content-security-policy') ?? '')?.[1],
  );
  expect(new Set(nonces).size).toBe(4);
  const [first] = replies;
  expect(first?.headers.get('content-security-policy')).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonces[0]}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  );
  expect(await first?.text()).toContain(`nonce="${nonces[0]}"`);
  expect(first?.headers.get('cache-control')).toBe('no-store');
});

it('files with a hash in their name may be kept for ever, others are asked for again; both come compressed if wanted', async () => {
  const hashed = await get('/console/index-abcd1234.js');
  expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(hashed.headers.get('content-encoding')).toBe('gzip');
  expect(await hashed.text()).toBe(SCRIPT);
  const plain = await get('/console/color-scheme.js', { 'accept-encoding': 'identity' });
  expect(plain.headers.get('cache-control')).toBe('no-cache');
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

it.each([
  '/console/../outside.js',
  '/console/..%2f..%2foutside.js',
  '/console/%2e%2e/outside.js',
  '/console/.built-from',
  '/console/index.html',
  '/console/',
  '/functionsx',
  '/unknown',
])('%s is not found', async (path) => {
  const reply = await rawGet(path);
  expect(reply).toMatch(/^HTTP\/1\.1 404 /);
  expect(reply).not.toContain('secret');
});

it('only reading is answered; the API and its pages keep their paths', async () => {
  expect((await fetch(`${origin}/functions/a`, { method: 'POST' })).status).toBe(404);
  expect((await get('/api/v1/functions')).status).toBe(401);
  expect((await get('/docs')).status).toBe(200);
  const head = await fetch(`${origin}/platform`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

let builds = 0;
function build(mark: string): void {
  const assets = join(folder, 'built/console');
  mkdirSync(assets, { recursive: true });
  writeFileSync(join(assets, 'index-abcd1234.js'), SCRIPT);
  writeFileSync(join(assets, 'index-abcd1234.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(assets, 'color-scheme.js'), '1');
  writeFileSync(join(folder, 'built/.built-from'), 'secret');
  const page = join(folder, 'built/index.html');
  writeFileSync(page, `<meta property="csp-nonce" nonce="__COLDFRAME_NONCE__">${mark}`);
  builds++;
  utimesSync(page, builds, builds);
}

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${origin}${path}`, { headers });
}

async function text(path: string): Promise<string> {
  return (await get(path)).text();
}

/** `fetch` tidies dots away before it sends. */
function rawGet(path: string): Promise<string> {
  const { port, host } = new URL(origin);
  return exchange(Number(port), `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
}
