import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 60_000;
const CTRL_C = '\u0003';
const hasScript = spawnSync('script', ['--version']).status === 0;

let dataDir: string;
let child: ChildProcess | null = null;
let output = '';

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-start-'));
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  for (const pid of serversOf(dataDir)) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

it.each([
  ['SIGTERM', 'npm', ['start']],
  ['SIGINT', 'npm', ['start']],
  ['SIGTERM', 'bin/coldframe.mjs', ['up']],
  ['SIGHUP', 'bin/coldframe.mjs', ['up']],
] as const)('%s to `%s` reaches the server, which stops gracefully', async (signal, command, args) => {
  await begin(command, args);
  expect(output).toContain('Coldframe answers at http://127.0.0.1:');
  expect(output).not.toContain('#token=');
  expect(await endBy(() => child?.kill(signal))).toBe(0);
  expect(output).toContain('Stopping');
  expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
  expect(serversOf(dataDir)).toEqual([]);
});

it.skipIf(!hasScript)('on a terminal it prints a link, and one Ctrl-C stops it gracefully (needs script)', async () => {
  await begin('script', ['-qec', 'exec npm start', '/dev/null']);
  await until('the link', () => /Sign in: http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.test(output));
  expect(output).not.toContain('{"level"');
  expect(await endBy(() => child?.stdin?.write(CTRL_C))).toBe(0);
  expect(output).toContain('Stopping');
  expect(serversOf(dataDir)).toEqual([]);
});

it('`npm start` builds the console beside the server, says when it is ready, and shows it without a restart', async () => {
  rmSync(join(ROOT, 'dist/console'), { recursive: true, force: true });
  await begin('npm', ['start']);
  const { url } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { url: string };
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await until('console', () => /Console built in [\d.]+ s; it is ready\./.test(output));
  await expect.poll(async () => (await fetch(url)).text(), { timeout: START_TIMEOUT_MS }).toContain('/console/index-');
  expect(await endBy(() => child?.kill('SIGTERM'))).toBe(0);
});

it('a setting that is wrong ends it with code 2 and the reason, without a stack', async () => {
  const { status, stderr } = spawnSync('npm', ['start', '--silent'], {
    cwd: ROOT,
    env: { ...environment(), COLDFRAME_PORT: 'eighty' },
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain('COLDFRAME_PORT');
  expect(stderr).not.toMatch(/^ +at /m);
});

function environment(): Record<string, string | undefined> {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, TERM: 'xterm', COLDFRAME_PORT: '0', COLDFRAME_DATA_DIR: dataDir };
}

async function begin(command: string, args: readonly string[]): Promise<void> {
  output = '';
  child = spawn(command, [...args], { cwd: ROOT, env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until('server.json', () => existsSync(join(dataDir, 'server.json')) && output.includes('Data: '));
}

/** The exit code after `what` was done. */
async function endBy(what: () => unknown): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child?.once('exit', (code) => resolve(code)));
  what();
  return ended;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endAtMs = performance.now() + START_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > endAtMs || child?.exitCode !== null) throw new Error(`no ${what}:\n${output}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Processes that were started with this data directory, launchers included. */
function serversOf(folder: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const isOne =
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`COLDFRAME_DATA_DIR=${folder}`);
      return isOne ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}
