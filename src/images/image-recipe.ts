import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { languageOf, RUNTIMES, type RuntimeId, runtimeOfVersion, runtimeRow } from '../domain/runtimes.ts';
import { CERTIFICATE_LINKS, CERTIFICATES, LOCALE } from '../host/runtimes/root-contents.ts';
import { shimFiles } from './shim-files.ts';
import type { TarEntry } from './tar-archive.ts';

/** Raised when the steps below change, so that an upgraded server builds a new image. */
const RECIPE_VERSION = 2;
/** Raised when a bootstrapped base holds something else. */
const BASE_VERSION = 2;

export interface RecipeOptions {
  /** The Node binary that goes into the image, and its version without the `v`. */
  nodePath: string;
  nodeVersion: string;
  /** The repository's runtimes/ folder. */
  runtimesDir: string;
  /** An image with Python of the suite's version. It is tried first. */
  baseImage: string;
  /** The Debian suite from which a base is bootstrapped when no registry answers. */
  suite: string;
}

/** What an image is made of, and the names that follow from it. */
export interface ImageRecipe {
  /** Hash over everything that decides the content; part of the tags. */
  hash: string;
  reference: string;
  /** The bootstrapped base: shared by all recipes of that suite. */
  baseReference: string;
  runtimes: RuntimeId[];
  labels: Record<string, string>;
  dockerfile(base: string): string;
  /** The files of the build context, except the Dockerfile. */
  files: TarEntry[];
}

/** Label on every image of ours; its value is the recipe's hash. */
export const RECIPE_LABEL = 'coldframe.recipe';
export const BASE_LABEL = 'coldframe.base';

/** Reads the runtimes folder and works out the recipe; the same inputs always give the same names. */
export async function readRecipe(options: RecipeOptions): Promise<ImageRecipe> {
  const python = RUNTIMES.find(
    (id) => languageOf(id) === 'python' && runtimeRow(id).debianSuites.includes(options.suite),
  );
  if (python === undefined) throw new RangeError(`no Python version is known for the suite ${options.suite}`);
  const files = await shimFiles(options.runtimesDir, { withGuest: false });
  const shims: TarEntry[] = files.map(({ name, content }) => ({ name: `runtimes/${name}`, mode: 0o644, content }));
  const hash = createHash('sha256');
  const inputs = [RECIPE_VERSION, options.nodeVersion, process.arch, options.baseImage, options.suite, BASE_VERSION];
  hash.update(JSON.stringify(inputs));
  for (const file of shims)
    hash.update(`\0${file.name}\0${(file.content as Uint8Array).length}\0`).update(file.content as Uint8Array);
  const digest = hash.digest('hex').slice(0, 16);
  const own = runtimeOfVersion('nodejs', options.nodeVersion);
  const runtimes = [own, python].filter((id) => id !== null);
  const node = { path: options.nodePath, sizeBytes: (await stat(options.nodePath)).size };
  return {
    hash: digest,
    reference: `coldframe/runtime:${digest}`,
    baseReference: `coldframe/base:${options.suite}-${BASE_VERSION}`,
    runtimes,
    labels: { [RECIPE_LABEL]: digest },
    dockerfile: (base) => dockerfileOf(base, options.nodeVersion, runtimeRow(python).version),
    files: [
      { name: 'node', mode: 0o755, content: node },
      { name: 'hosts', mode: 0o644, content: Buffer.from('127.0.0.1 localhost\n::1 localhost\n') },
      ...shims,
    ],
  };
}

/** No step needs a network. The checks make an unfit base fail here, not at the first call. */
function dockerfileOf(base: string, nodeVersion: string, python: string): string {
  const [major, minor] = python.split('.');
  const steps = [
    `test "$(node --version)" = v${nodeVersion}`,
    `python3 -c 'import sys; sys.exit(sys.version_info[:2] != (${major}, ${minor}))'`,
    'find / -xdev -type f -perm /6000 -exec chmod a-s {} +',
    'rm -rf /var/lib/apt/lists /var/cache/apt /var/log/*',
    // The dynamic linker looks in them from its start on, and remembers for good which were missing.
    'mkdir -p /var/task/lib /opt/lib /run/coldframe /var/runtime',
    // LANG is Lambda's, whose locale no minimal Debian has: the C library's own for UTF-8 answers to that name too.
    `ln -sfn ${basename(LOCALE.source)} ${join(dirname(LOCALE.source), LOCALE.alias)}`,
    // One bundle under every name that a build of OpenSSL asks for.
    ...CERTIFICATE_LINKS.map((path) => `mkdir -p ${dirname(path)}; ln -sfn ${CERTIFICATES} ${path}`),
  ];
  return [
    `FROM ${base}`,
    'COPY node /usr/local/bin/node',
    'COPY hosts /etc/hosts',
    `RUN set -e; ${steps.join('; ')}`,
    'COPY runtimes/ /var/runtime/',
    'RUN set -e; chmod -R a+rX,go-w /var/runtime; python3 -m compileall -q /var/runtime/python',
    '',
  ].join('\n');
}
