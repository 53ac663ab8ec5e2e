import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostRuntimes } from './host-runtimes.ts';

const SHIMS = resolve(import.meta.dirname, '../../../runtimes');
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let runDir: string;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'cf-runtimes-'));
});
afterEach(() => rmSync(runDir, { recursive: true, force: true }));

test.runIf(process.platform === 'linux')(
  'who shares a preparation is not failed by the abort of the one who began it (needs Linux)',
  async () => {
    const runtimes = new HostRuntimes({ runDir, shimsDir: SHIMS, log });
    const first = new AbortController();
    const begun = runtimes.prepare(first.signal);
    const sharing = runtimes.prepare(new AbortController().signal);
    first.abort();
    await expect(begun).rejects.toMatchObject({ code: 'sandbox_start_failed' });
    await sharing;
    expect(runtimes.ids).toContain('nodejs24');
    await runtimes.prepare(new AbortController().signal);
  },
);
