import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ZipFile } from 'yazl';
import type { FixtureLanguage } from './fixture.ts';

/** Packages that are installed together into one function; each fits the limits of an upload. */
export interface PackageGroup {
  name: string;
  language: FixtureLanguage;
  /** As the installer takes them, with exact versions; for Python with all they depend on. */
  install: readonly string[];
  /** Modules or, with `=`, expressions that load compiled code and use it. */
  loads: readonly string[];
  /** Part of every run; the others run at night. */
  isOrdinary: boolean;
}

/** What people who write functions install most, as far as it has compiled code and its binary comes from the registry itself. */
export const PACKAGE_GROUPS: readonly PackageGroup[] = [
  {
    name: 'three wheels',
    language: 'python',
    install: ['orjson==3.13.0', 'pydantic-core==2.50.5', 'typing-extensions==4.16.0', 'lxml==6.1.3'],
    loads: ['orjson', 'pydantic_core', 'lxml.etree'],
    isOrdinary: true,
  },
  {
    name: 'three addons',
    language: 'nodejs',
    install: ['lightningcss@1.33.0', '@node-rs/bcrypt@2.0.0', '@parcel/watcher@2.6.0'],
    loads: ['lightningcss', '@node-rs/bcrypt', '@parcel/watcher'],
    isOrdinary: true,
  },
  {
    name: 'arrays and tables',
    language: 'python',
    install: ['numpy==2.4.6', 'pandas==3.1.1', 'python-dateutil==4.0.0', 'tzdata==2026.6'],
    loads: ['numpy.linalg', 'pandas', '=__import__("numpy").linalg.inv([[2.0]]).tolist()'],
    isOrdinary: false,
  },
  {
    name: 'pictures, keys and databases',
    language: 'python',
    install: [
      ...['pillow==13.0.0', 'cryptography==50.0.2', 'cffi==2.1.1', 'pycparser==3.12', 'psycopg2-binary==2.9.13'],
      ...['bcrypt==5.0.0', 'argon2-cffi-bindings==26.2.0', 'PyYAML==6.0.4', 'MarkupSafe==3.0.4', 'greenlet==3.5.6'],
      ...['SQLAlchemy==2.1.9', 'typing-extensions==4.16.0', 'asyncpg==0.32.0', 'pymongo==4.20.1', 'dnspython==2.9.2'],
    ],
    loads: [
      ...['PIL._imaging', 'PIL._imagingft', 'cryptography.hazmat.bindings._rust', '_cffi_backend', 'psycopg2'],
      ...['bcrypt', '_argon2_cffi_bindings', 'yaml._yaml', 'markupsafe._speedups', 'greenlet'],
      ...['sqlalchemy', 'asyncpg.protocol', 'bson._cbson'],
    ],
    isOrdinary: false,
  },
  {
    name: 'encodings and compression',
    language: 'python',
    install: [
      ...['grpcio==1.85.3', 'protobuf==7.36.2', 'typing-extensions==4.16.0', 'ujson==6.1.0', 'msgpack==1.2.4'],
      ...['simplejson==4.3.0', 'regex==2026.11.19', 'rpds-py==2026.9.1', 'wrapt==2.5.2', 'zstandard==0.25.0'],
      ...['lz4==4.4.5', 'xxhash==4.1.0', 'cramjam==2.14.0', 'charset-normalizer==3.5.3'],
    ],
    loads: [
      ...['grpc._cython.cygrpc', 'google.protobuf.message', 'ujson', 'msgpack._cmsgpack', 'simplejson._speedups'],
      ...['regex', 'rpds', 'wrapt', 'zstandard', 'lz4.frame', 'xxhash', 'cramjam', 'charset_normalizer'],
    ],
    isOrdinary: false,
  },
  {
    name: 'networks and measures',
    language: 'python',
    install: [
      ...['aiohttp==3.14.5', 'aiohappyeyeballs==2.7.1', 'aiosignal==1.4.0', 'attrs==26.1.0', 'frozenlist==1.8.0'],
      ...['multidict==7.2.1', 'yarl==1.25.1', 'propcache==0.5.4', 'idna==3.20', 'typing-extensions==4.16.0'],
      ...['uvloop==0.23.0', 'httptools==0.9.0', 'websockets==17.4', 'psutil==7.2.2', 'coverage==7.17.5'],
      ...['watchfiles==1.3.0', 'anyio==4.16.0'],
    ],
    loads: [
      ...['aiohttp', 'multidict._multidict', 'frozenlist._frozenlist', 'yarl', 'propcache', 'uvloop', 'httptools'],
      ...['websockets.speedups', 'psutil', 'coverage.tracer', 'watchfiles'],
    ],
    isOrdinary: false,
  },
  {
    name: 'builders',
    language: 'nodejs',
    install: ['sharp@0.35.5', 'esbuild@0.28.2', '@swc/core@1.16.22', '@tailwindcss/oxide@4.3.5'],
    loads: [
      'sharp',
      '=(await import("sharp")).default({ create: { width: 1, height: 1, channels: 3, background: "red" } }).png().toBuffer()',
      '=(await import("esbuild")).transformSync("let a = 1")',
      '=(await import("@swc/core")).transformSync("let a = 1")',
      '@tailwindcss/oxide',
    ],
    isOrdinary: false,
  },
  {
    name: 'bundlers and parsers',
    language: 'nodejs',
    install: [
      ...['@rollup/rollup-linux-x64-gnu@4.68.8', 'rolldown@1.3.3', 'oxc-parser@0.159.0', 'oxc-resolver@11.24.2'],
      ...['unrs-resolver@1.13.0', '@ast-grep/napi@0.51.2', '@css-inline/css-inline@0.21.2', '@minify-html/node@0.18.1'],
    ],
    loads: [
      ...['@rollup/rollup-linux-x64-gnu', 'rolldown', 'oxc-parser', 'oxc-resolver', 'unrs-resolver'],
      ...['@ast-grep/napi', '@css-inline/css-inline', '@minify-html/node'],
    ],
    isOrdinary: false,
  },
  {
    name: 'hashes and words',
    language: 'nodejs',
    install: [
      ...['@node-rs/argon2@2.2.1', '@node-rs/crc32@1.10.8', '@node-rs/xxhash@1.7.8', '@node-rs/jieba@2.0.3'],
      ...['@node-rs/jsonwebtoken@0.5.11', '@node-rs/deno-lint@1.20.4', 'bufferutil@4.1.0', 'utf-8-validate@6.0.6'],
      ...['sodium-native@5.1.0', 'msgpackr-extract@3.0.7', 'snappy@7.4.3', '@napi-rs/uuid@0.2.2'],
    ],
    loads: [
      ...['@node-rs/argon2', '@node-rs/crc32', '@node-rs/xxhash', '@node-rs/jieba', '@node-rs/jsonwebtoken'],
      ...['@node-rs/deno-lint', 'bufferutil', 'utf-8-validate', 'sodium-native', 'msgpackr-extract', 'snappy'],
      ...['@napi-rs/uuid', '=(await import("@node-rs/argon2")).hash("a word")'],
    ],
    isOrdinary: false,
  },
  {
    name: 'pictures and stores',
    language: 'nodejs',
    install: [
      ...['@napi-rs/canvas@1.1.1', '@napi-rs/simple-git@1.1.0', '@resvg/resvg-js@2.6.2', '@libsql/client@0.18.0'],
      ...['lmdb@3.5.6', 'classic-level@3.0.0'],
    ],
    loads: ['@napi-rs/canvas', '@napi-rs/simple-git', '@resvg/resvg-js', '@libsql/client', 'lmdb', 'classic-level'],
    isOrdinary: false,
  },
  {
    name: 'a database in the process',
    language: 'nodejs',
    install: ['@duckdb/node-api@1.5.6-r.1'],
    loads: ['@duckdb/node-api'],
    isOrdinary: false,
  },
];

/** Loads each of `event.loads`; answers with what failed and why. */
const HANDLERS: Record<FixtureLanguage, { file: string; source: string }> = {
  nodejs: {
    file: 'index.mjs',
    source: `export const handler = async ({ loads }) => {
  const failed = {};
  for (const load of loads) {
    try {
      if (load.startsWith('=')) await (0, eval)('async () => ' + load.slice(1))();
      else await import(load);
    } catch (error) { failed[load] = String(error?.message ?? error).slice(0, 500); }
  }
  return failed;
};`,
  },
  python: {
    file: 'index.py',
    source: `import importlib
def handler(event, context):
    failed = {}
    for load in event["loads"]:
        try:
            eval(load[1:]) if load.startswith("=") else importlib.import_module(load)
        except BaseException as error:
            failed[load] = repr(error)[:500]
    return failed
`,
  },
};

const INSTALL_DEADLINE_MS = 300_000;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;
/** What registries tag wheels with that run on Debian 12 and later. */
const WHEELS = ['manylinux_2_28_x86_64', 'manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_5_x86_64'];

/** The registry, or the program that installs from it, is not there. */
export class CannotInstall extends Error {
  override readonly name = 'CannotInstall';
}

/**
 * A function with those packages as a zip. Nothing of a package runs while it is installed. Rejects with CannotInstall.
 * @param pythonVersion `3.11`
 */
export async function zippedFunction(group: PackageGroup, pythonVersion: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-native-'));
  try {
    const { file, source } = HANDLERS[group.language];
    await writeFile(join(folder, file), source);
    await (group.language === 'python' ? pip(folder, group, pythonVersion) : npm(folder, group));
    return await zipOfFolder(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pip(folder: string, { install }: PackageGroup, pythonVersion: string): Promise<void> {
  const target = ['--implementation', 'cp', '--python-version', pythonVersion, '--only-binary=:all:'];
  const platforms = WHEELS.flatMap((platform) => ['--platform', platform]);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-compile', '--no-deps', '--target', folder];
  await run('pip3', ['install', ...quiet, ...target, ...platforms, ...install], folder);
}

async function npm(folder: string, { install }: PackageGroup): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-bin-links', '--no-package-lock'];
  const target = ['--os=linux', '--cpu=x64', '--libc=glibc'];
  await run('npm', ['install', ...quiet, ...target, ...install], folder);
}

async function run(program: string, args: string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, timeout: INSTALL_DEADLINE_MS, maxBuffer: OUTPUT_MAX_BYTES });
  } catch (cause) {
    const { message, stderr = '' } = cause as Error & { stderr?: string };
    throw new CannotInstall(`${message.split('\n')[0]} ${stderr.slice(-500)}`, { cause });
  }
}

async function zipOfFolder(folder: string): Promise<Buffer> {
  const zip = new ZipFile();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    zip.addFile(path, relative(folder, path));
  }
  zip.end();
  return buffer(zip.outputStream);
}
