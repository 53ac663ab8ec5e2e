import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stagePackage } from '../../scripts/stage-package.ts';
import { hostTraces, NO_TRACES } from '../support/host-traces.ts';

const START_TIMEOUT_MS = 60_000;
const PACK_TIMEOUT_MS = 240_000;
const folder = mkdtempSync(join(tmpdir(), 'coldframe-tarball-'));
const dataDir = join(folder, 'data');
const installed = join(folder, 'installed');
let packed: string[] = [];
let server: ChildProcess | null = null;
let output = '';

beforeAll(() => {
  stagePackage(join(folder, 'stage'));
  const [tarball] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--loglevel=error'], { cwd: join(folder, 'stage'), encoding: 'utf8' }),
  ) as [{ filename: string; files: { path: string }[] }];
  packed = tarball.files.map((file) => file.path);
  mkdirSync(installed);
  const install = ['install', '--prefix', installed, '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', [...install, join(folder, 'stage', tarball.filename)], { cwd: installed, stdio: 'ignore' });
}, PACK_TIMEOUT_MS);

afterAll(async () => {
  await end(server, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('the tarball has the launcher, the built server, shims and templates, and nothing else', () => {
  const places = new Set(packed.map((path) => path.split('/')[0]));
  expect([...places].sort()).toEqual(
    ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'runtimes', 'templates'].sort(),
  );
  expect(
    packed.filter((path) => /\.test\.|\.ts$|testing\/|conformance\/|fixtures|__pycache__|\.map$/.test(path)),
  ).toEqual([]);
  expect(packed.filter((path) => /^dist\/console\/console\/index-.*\.js(\.gz)?$/.test(path))).toHaveLength(2);
  for (const path of [
    'dist/console/index.html',
    'bin/coldframe.mjs',
    'dist/cli/main.js',
    'dist/main.js',
    'runtimes/python/bootstrap.py',
  ])
    expect(packed).toContain(path);
});

describe('installed into an empty folder', () => {
  it('up, init, deploy, invoke and logs work for both languages, and a stop leaves nothing', async () => {
    const url = await start();
    const { instance } = (JSON.parse(cli('doctor', '--json').stdout) as { platform: { instance: string } }).platform;
    expect(instance).not.toBe('');
    for (const language of ['node', 'python']) {
      const made = join(folder, `my-${language}`);
      expect(cli('init', `hello-${language}`, made)).toMatchObject({ code: 0 });
      expect(cli('deploy', made, '--isolation', 'process')).toMatchObject({ code: 0 });
      const reply = cli('invoke', `my-${language}`, '--event', '{"name": "Ada"}');
      expect(reply, reply.stderr).toMatchObject({ code: 0 });
      expect(JSON.parse(reply.stdout)).toEqual(JSON.parse(readFileSync(join(made, 'expected', 'ada.json'), 'utf8')));
      expect(cli('logs', `my-${language}`)).toMatchObject({ code: 0 });
    }
    expect(cli('invoke', 'nobody')).toMatchObject({ code: 4 });
    expect(await (await fetch(`${url}/healthz`)).status).toBe(200);
    const script = /src="(\/console\/index-[^"]+)"/.exec(await (await fetch(url)).text())?.[1];
    expect((await fetch(`${url}${script}`)).headers.get('cache-control')).toContain('immutable');
    expect(await end(server, 'SIGTERM')).toBe(0);
    expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
    expect(cli('functions', 'list')).toMatchObject({ code: 3 });
    expect(await hostTraces(instance)).toEqual(NO_TRACES);
  }, 120_000);

  it('a syntax error is found by the checker that came along', async () => {
    await start();
    const broken = join(folder, 'broken.mjs');
    execFileSync('sh', ['-c', 'echo "export const handler = (" > "$0"', broken]);
    const refused = cli('deploy', broken);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('syntax_error');
    expect(await end(server, 'SIGINT')).toBe(0);
  }, 120_000);
});

function environment(): Record<string, string | undefined> {
  return { PATH: process.env.PATH, HOME: folder, COLDFRAME_DATA_DIR: dataDir, COLDFRAME_PORT: '0' };
}

async function start(): Promise<string> {
  output = '';
  const child = spawn(join(installed, 'node_modules/.bin/coldframe'), ['up'], {
    cwd: installed,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = child;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const endAtMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < endAtMs && child.exitCode === null) {
    const url = serverUrl();
    if (url && (await fetch(`${url}/readyz?isolation=process`).catch(() => null))?.ok) return url;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`the installed server did not start:\n${output}`);
}

function serverUrl(): string | null {
  try {
    return (JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { url: string }).url;
  } catch {
    return null;
  }
}

function cli(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(join(installed, 'node_modules/.bin/coldframe'), args, {
    cwd: installed,
    env: environment(),
    encoding: 'utf8',
    timeout: START_TIMEOUT_MS,
  });
  return { code: status, stdout, stderr };
}

function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return resolve(child?.exitCode ?? null);
    child.once('exit', (code) => resolve(code));
    child.kill(signal);
  });
}
