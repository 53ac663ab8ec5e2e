import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CliConfig } from '../../config/cli-config.ts';
import { CliContext } from '../cli-context.ts';
import { pointToRunning } from './point-to-running.ts';

let home: string;
let server: Server;
/** What the server at the address in the file was shown. */
const shown: (string | undefined)[] = [];
const written: string[] = [];
const isTerminal = process.stdout.isTTY;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'coldframe-point-'));
  vi.stubEnv('TMPDIR', home);
  server = createServer((req, res) => {
    shown.push(req.headers.authorization);
    res.writeHead(201, { 'content-type': 'application/json' }).end('{"token":"cfl_x"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.isTTY = true;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.stdout.isTTY = isTerminal;
  server.close();
  rmSync(home, { recursive: true });
  shown.length = 0;
  written.length = 0;
});

/** Lays a server's files where one without a data folder would be, in the temp directory. */
function lay(mode: number): CliContext {
  const folder = join(home, `coldframe-data-${userInfo().uid}`);
  mkdirSync(folder);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'server.json'), JSON.stringify({ url, pid: 7 }));
  writeFileSync(join(folder, 'admin.key'), 'cf_laid');
  chmodSync(folder, mode);
  const config = { url: null, key: 'my-own-key', dataDir: null, profilesPath: join(home, 'p.json'), xdgDataHome: home };
  return new CliContext({ quiet: true }, config as unknown as CliConfig);
}

it('a second `up` shows the way to the server of this user', async () => {
  expect(await pointToRunning(lay(0o700), null)).toBe(0);
  expect(shown).toEqual(['Bearer my-own-key']);
  expect(written.join('')).toContain('#token=cfl_x');
});

it.each([0o755, 0o777])(
  'a second `up` shows no key to an address that others may have laid there (%o)',
  async (mode) => {
    await expect(pointToRunning(lay(mode), null)).rejects.toThrow('Another Coldframe server uses this data directory');
    expect(shown).toEqual([]);
  },
);
