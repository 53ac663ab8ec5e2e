import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * `npm run image [-- --base IMAGE] [--tag NAME]`: the server's container image. Everything is staged here and copied in, so
 * the build itself needs no network; only the base image may be pulled.
 */
const root = resolve(import.meta.dirname, '..');
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
};
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const context = mkdtempSync(join(tmpdir(), 'coldframe-image-'));
try {
  execFileSync(process.execPath, [join(root, 'scripts/build-dist.ts')], { cwd: root, stdio: 'inherit' });
  const server = join(context, 'coldframe');
  mkdirSync(server);
  for (const name of [
    'dist',
    'bin',
    'runtimes',
    'templates',
    'package.json',
    'package-lock.json',
    '.npmrc',
    'LICENSE',
  ]) {
    cpSync(join(root, name), join(server, name), { recursive: true });
  }
  execFileSync('npm', ['ci', '--omit=dev', '--omit=optional', '--prefer-offline', '--loglevel=error'], {
    cwd: server,
    stdio: 'inherit',
  });
  copyFileSync(process.execPath, join(server, 'node'));
  chmodSync(join(server, 'node'), 0o755);
  copyFileSync(join(root, 'deploy/image/Dockerfile'), join(context, 'Dockerfile'));
  const base = option('base', '');
  const arguments_ = [
    'build',
    ...(base ? ['--build-arg', `BASE=${base}`] : []),
    '-t',
    option('tag', `coldframe:${version}`),
    context,
  ];
  const result = spawnSync('docker', arguments_, { stdio: 'inherit', env: { ...process.env, DOCKER_BUILDKIT: '0' } });
  process.exitCode = result.status ?? 1;
} finally {
  rmSync(context, { recursive: true, force: true });
}
