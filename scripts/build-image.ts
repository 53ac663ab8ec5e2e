import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stagePackage } from './stage-package.ts';

/**
 * `npm run image [-- --base IMAGE] [--tag NAME]`: the server's container image. Everything is staged here and copied in, so
 * the build itself needs no network; only the base image may be pulled. The base needs python3 for Python functions.
 */
const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { base: { type: 'string' }, tag: { type: 'string' } } });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const context = mkdtempSync(join(tmpdir(), 'coldframe-image-'));
try {
  const server = join(context, 'coldframe');
  stagePackage(server);
  for (const name of ['package-lock.json', '.npmrc']) copyFileSync(join(root, name), join(server, name));
  execFileSync('npm', ['ci', '--omit=dev', '--omit=optional', '--prefer-offline', '--loglevel=error'], {
    cwd: server,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  copyFileSync(process.execPath, join(server, 'node'));
  chmodSync(join(server, 'node'), 0o755);
  copyFileSync(join(root, 'deploy/image/Dockerfile'), join(context, 'Dockerfile'));
  const base = values.base ? ['--build-arg', `BASE=${values.base}`] : [];
  const tag = values.tag ?? `coldframe:${version}`;
  const result = spawnSync('docker', ['build', ...base, '-t', tag, context], {
    stdio: 'inherit',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
  process.exitCode = result.status ?? 1;
} finally {
  rmSync(context, { recursive: true, force: true });
}
