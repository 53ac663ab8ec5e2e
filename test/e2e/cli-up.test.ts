import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliBed } from '../support/cli-bed.ts';
import { CliRun } from '../support/run-cli.ts';
import { ADMIN_KEY } from '../support/test-server.ts';

const bed = CliBed.use();
const cli = (...args: Parameters<CliBed['run']>) => bed.run(...args);

describe('up', () => {
  it('a second one on the same data directory shows the way to the first and ends well', async () => {
    const second = await cli(['up', '--data-dir', bed.server.dataDir], { env: { COLDFRAME_PORT: '0' } });
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining(bed.server.url)]);
    expect(second.stdout).toBe('');
    expect((await bed.server.api('GET', '/functions')).status).toBe(200);
  });

  it('an explicit port in use fails and names the holder', async () => {
    const port = new URL(bed.server.url).port;
    const dataDir = join(bed.home, 'other-data');
    const { code, stderr } = await cli(['up', '--port', port, '--data-dir', dataDir]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(port)]);
    expect(stderr).toContain(String(bed.server.pid));
  });

  it('settings that are not valid are named, with what they take', async () => {
    const port = await cli(['up', '--port', 'http', '--data-dir', join(bed.home, 'x')]);
    expect([port.code, port.stderr]).toEqual([2, expect.stringContaining('COLDFRAME_PORT')]);
    const key = await cli(['up', '--admin-key', 'short', '--data-dir', join(bed.home, 'x')]);
    expect([key.code, key.stderr]).toEqual([2, expect.stringContaining('COLDFRAME_ADMIN_KEY')]);
    const hosted = await cli(['up', '--data-dir', join(bed.home, 'x')], { env: { PORT: '8080', COLDFRAME_KEY: '' } });
    expect([hosted.code, hosted.stderr]).toEqual([2, expect.stringContaining('COLDFRAME_ADMIN_KEY')]);
  });

  it('finds a server by its data directory, and never sends that one’s key elsewhere', async () => {
    const env = { COLDFRAME_URL: '', COLDFRAME_KEY: '', COLDFRAME_DATA_DIR: bed.server.dataDir };
    const keyless = await cli(['functions', 'list'], { env });
    expect([keyless.code, keyless.stderr]).toEqual([2, expect.stringContaining('COLDFRAME_KEY')]);
    expect((await cli(['--key', ADMIN_KEY, 'functions', 'list'], { env })).code).toBe(0);
    const keyFile = join(bed.server.dataDir, 'admin.key');
    writeFileSync(keyFile, ADMIN_KEY, { mode: 0o600 });
    try {
      expect((await cli(['functions', 'list'], { env })).code).toBe(0);
      const elsewhere = await cli(['--url', 'http://127.0.0.1:1', 'functions', 'list'], { env });
      expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('no key')]);
    } finally {
      rmSync(keyFile);
    }
  });

  it('a default port in use moves to the next free one', async () => {
    const holder = createServer();
    const isHeld = await new Promise<boolean>((resolve) => {
      holder.once('error', () => resolve(false)).listen(8642, '127.0.0.1', () => resolve(true));
    });
    const dataDir = join(bed.home, 'moved-data');
    const run = new CliRun(['up', '--data-dir', dataDir, '--isolation', 'process'], { cwd: bed.home });
    try {
      await bed.server.until('it to listen', () => run.stderr.includes('answers at'));
      expect(run.stderr).not.toContain('answers at http://127.0.0.1:8642,');
    } finally {
      const ended = await run.interrupt();
      expect(ended.code).toBe(0);
      if (isHeld) holder.close();
    }
  });
});
