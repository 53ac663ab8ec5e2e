import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '..');
/** What the bundle is made of; its hash is kept with the build. */
const SOURCES = ['console', 'src/client/generated', 'src/domain', 'src/errors', 'templates', 'package-lock.json'];
const STAMP = '.built-from';
const COMPRESSED = /\.(js|css|svg)$/;
/** Below it the header of gzip costs more than it saves. */
const COMPRESS_MIN_BYTES = 1_024;

/**
 * Builds the console into `folder` unless what lies there was made from the same sources. The old build is replaced in one
 * rename, so a server never reads half of one. Returns whether it built.
 */
export async function buildConsole(folder: string = join(ROOT, 'dist/console')): Promise<boolean> {
  const stamp = hashOfSources();
  if (stampOf(folder) === stamp) return false;
  removeAbandoned(folder);
  const staging = `${folder}.${process.pid}`;
  try {
    await buildInto(staging);
    for (const path of filesBelow(staging).filter((one) => COMPRESSED.test(one))) {
      const bytes = readFileSync(path);
      if (bytes.length >= COMPRESS_MIN_BYTES) writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    }
    writeFileSync(join(staging, STAMP), stamp);
    swap(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return true;
}

/** Whoever calls (a test runner, a shell with NODE_ENV set) must not decide which React is bundled. */
async function buildInto(folder: string): Promise<void> {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    // Loading it takes longer than finding that there is nothing to build.
    const { build } = await import('vite');
    await build({
      configFile: join(ROOT, 'console/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

function swap(staging: string, folder: string): void {
  const old = `${staging}.old`;
  if (existsSync(folder)) renameSync(folder, old);
  else mkdirSync(join(folder, '..'), { recursive: true });
  renameSync(staging, folder);
  rmSync(old, { recursive: true, force: true });
}

/** Staging folders of builds that were killed: their names end in a process id that is gone. */
function removeAbandoned(folder: string): void {
  const parent = dirname(folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(`${basename(folder)}.`)
      ? Number.parseInt(name.slice(basename(folder).length + 1), 10)
      : 0;
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesBelow(join(ROOT, source)))) {
    if (/\.test\.tsx?$|__pycache__/.test(path)) continue;
    hash
      .update(`${relative(ROOT, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

function stampOf(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), 'utf8');
  } catch {
    return null;
  }
}

/** Sorted; a file is itself. */
function filesBelow(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
      .sort();
  } catch {
    return [path];
  }
}

if (import.meta.main) {
  const fromMs = performance.now();
  const hasBuilt = await buildConsole(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
  const tookS = ((performance.now() - fromMs) / 1_000).toFixed(1);
  process.stdout.write(hasBuilt ? `Console built in ${tookS} s.\n` : 'Console is up to date.\n');
}
