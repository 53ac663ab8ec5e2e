import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DOCKER } from './container-kind.ts';
import { whyNotHere } from './container-rig.ts';

const PROBE = resolve(import.meta.dirname, 'testing/probe-once.ts');
const TIMEOUT_MS = 120_000;
/** What systemd does to a service that has a Protect* line. */
const PRIVATE = ['unshare', '--mount', '--propagation', 'slave', '--'];
const run = promisify(execFile);

/** On a shared mount, as /run is on a host: what is there before a container starts is seen in it, wherever the server lives. */
let shared: string;

beforeEach(async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('needs root');
  const reason = await whyNotHere(DOCKER);
  if (reason !== null) skip(reason);
  shared = mkdtempSync(join(tmpdir(), 'cf-late-'));
  execFileSync('mount', ['-t', 'tmpfs', 'none', shared]);
  execFileSync('mount', ['--make-shared', shared]);
});

afterEach(() => {
  if (shared === undefined) return;
  execFileSync('umount', [shared]);
  rmSync(shared, { recursive: true });
});

async function probe(words: string[]): Promise<{ state: string; detail: string; fix: string | null }> {
  const [command, ...args] = [...words, process.execPath, PROBE];
  const { stdout } = await run(command!, args, { env: { ...process.env, TMPDIR: shared }, timeout: TIMEOUT_MS });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof probe>>;
}

test(
  'a server in a mount namespace of its own is told that packages would be missing, and what mends it',
  async () => {
    expect(await probe(PRIVATE)).toEqual({
      state: 'restricted',
      detail: expect.stringContaining('a large package, mounted while the container ran, is not seen in it'),
      fix: expect.stringContaining('mount namespace of the host'),
    });
  },
  TIMEOUT_MS,
);

test(
  'a server in the namespace of the host, as the shipped unit leaves it, finds docker usable',
  async () => {
    expect(await probe([])).toMatchObject({ state: 'usable' });
  },
  TIMEOUT_MS,
);
