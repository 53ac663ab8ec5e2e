import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';
import { SmallDisk } from './small-disk.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli/main.ts');
const IS_ROOT = process.getuid?.() === 0;
/** Exit code of what must be called otherwise (src/cli/exit-code.ts). */
const USAGE = 2;
/** A start that is refused ends by itself; longer than a slow one takes. */
const ENDED_WITHIN_MS = 20_000;

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'coldframe-unusable-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** `coldframe up`, which must end by itself. */
function up(dataDir: string): Promise<{ code: number | null; output: string }> {
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    COLDFRAME_DATA_DIR: dataDir,
    COLDFRAME_ADMIN_KEY: ADMIN_KEY,
    COLDFRAME_PORT: '0',
  };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, 'up'], {
    env,
    timeout: ENDED_WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done) => child.once('close', (code) => done({ code, output })));
}

describe('a data directory that cannot be used ends the start with its name, the reason and an exit code', () => {
  it.each([
    { what: 'a file', make: (path: string) => writeFileSync(path, ''), says: /not a directory|EEXIST|ENOTDIR/ },
    {
      what: 'below a file',
      make: (path: string) => writeFileSync(join(path, '..', 'file'), ''),
      in: 'file/data',
      says: /ENOTDIR|not a directory/,
    },
    { what: 'where nothing can be made', make: () => {}, at: '/proc/coldframe-data', says: /ENOENT|EACCES|read-only/ },
  ])('$what', async ({ make, in: inside, at, says }) => {
    const dataDir = at ?? join(scratch, inside ?? 'data');
    make(join(scratch, 'data'));
    const { code, output } = await up(dataDir);
    expect(output).toContain(dataDir);
    expect(output).toMatch(says);
    expect(output).not.toMatch(/^\s+at /m);
    expect(code).toBe(USAGE);
  });

  it.skipIf(!IS_ROOT)('another user’s (needs root)', async () => {
    const dataDir = join(scratch, 'theirs');
    mkdirSync(dataDir, { mode: 0o700 });
    chownSync(dataDir, 12_345, 12_345);
    const { code, output } = await up(dataDir);
    expect([code, output]).toEqual([USAGE, expect.stringMatching(/another user/)]);
  });
});

describe.skipIf(!IS_ROOT)('a read-only file system (needs root, to mount one)', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = new SmallDisk(64);
  });
  afterEach(() => disk.remove());

  it('ends the start with the reason', async () => {
    disk.makeReadOnly();
    const { code, output } = await up(disk.path);
    expect([code, output]).toEqual([USAGE, expect.stringMatching(/read-only/i)]);
    expect(output).toContain(disk.path);
  });

  it('that a folder becomes while the server runs refuses deploys by a code of the catalogue and goes on answering calls', {
    timeout: PREPARE_TIMEOUT_MS,
  }, async () => {
    const server = await TestServer.start({ dataDir: disk.path, env: { COLDFRAME_ISOLATION: 'process' } });
    try {
      await server.deploy('hello', 'nodejs', fixture('hello', 'nodejs'), { isolation: 'process' });
      expect((await server.invoke('hello', { name: 'Ada' })).status).toBe(200);
      disk.lockFolder('packages');
      const refused = await server.api('POST', '/functions', {
        name: 'second',
        runtime: 'nodejs',
        isolation: 'process',
        code: { source: 'export const handler = async () => 2' },
      });
      expect([refused.status, refused.body.code]).toEqual([503, 'storage_read_only']);
      expect((await server.invoke('hello', { name: 'Ada' })).status).toBe(200);
      expect((await server.api('GET', '/functions/second')).status).toBe(404);
      disk.unlockFolder('packages');
      await server.deploy('second', 'nodejs', 'export const handler = async () => 2', { isolation: 'process' });
      expect((await server.invoke('second')).body).toBe(2);
    } finally {
      await server.stop();
    }
  });
});
