import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { PackageRef } from '../domain/function.ts';
import { LIMITS } from '../domain/limits.ts';
import type { PackageLink } from './package-links.ts';

export interface PackageFile {
  path: string;
  sizeBytes: number;
  executable: boolean;
}

/** Zips of one package are equal byte for byte, so they carry this time instead of the files' own. */
const ZIP_TIME = new Date('1980-01-01T12:00:00Z');
const STATS_AT_ONCE = 16;

/** What a package holds, by path. */
export interface PackageTree {
  files: PackageFile[];
  links: PackageLink[];
}

/** Every file and every link of a package. Links are told, never followed. */
export async function listTree(ref: Pick<PackageRef, 'path'>): Promise<PackageTree> {
  const entries = await readdir(ref.path, { recursive: true, withFileTypes: true });
  const named = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  const files = await inBatches(
    named.filter(({ entry }) => entry.isFile()),
    async ({ path }) => {
      const { size, mode } = await lstat(path);
      return { path: relative(ref.path, path), sizeBytes: size, executable: (mode & 0o100) !== 0 };
    },
  );
  const links = await inBatches(
    named.filter(({ entry }) => entry.isSymbolicLink()),
    async ({ path }) => {
      return { path: relative(ref.path, path), target: await readlink(path) };
    },
  );
  return { files, links };
}

/** Links count as files of their target's length. */
export async function measureTree(path: string): Promise<{ fileCount: number; sizeBytes: number }> {
  const { files, links } = await listTree({ path });
  const linkBytes = links.reduce((sum, { target }) => sum + Buffer.byteLength(target), 0);
  return {
    fileCount: files.length + links.length,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, linkBytes),
  };
}

/** A package as JSON can carry it: text files whole, up to 6 MiB together. The other files only by name. */
export interface PackageText {
  files: Record<string, string>;
  /** The file is not UTF-8, or does not fit into the 6 MiB. */
  binaryFiles: { path: string; sizeBytes: number }[];
  /** Of both kinds, those that may be run. */
  executableFiles: string[];
  links: PackageLink[];
}

export async function readText(ref: Pick<PackageRef, 'path'>): Promise<PackageText> {
  const texts: [string, string][] = [];
  const binaryFiles: PackageText['binaryFiles'] = [];
  let bytes = 0;
  const tree = await listTree(ref);
  for (const { path, sizeBytes } of tree.files) {
    const fits = bytes + sizeBytes <= LIMITS.codeJsonMaxBytes;
    const text = fits ? decode(await readFile(join(ref.path, path))) : null;
    if (text === null) {
      binaryFiles.push({ path, sizeBytes });
    } else {
      texts.push([path, text]);
      bytes += sizeBytes;
    }
  }
  // fromEntries defines `__proto__` as plain data, where an assignment would not.
  const executableFiles = tree.files.filter(({ executable }) => executable).map(({ path }) => path);
  return { files: Object.fromEntries(texts), binaryFiles, executableFiles, links: tree.links };
}

/** The package as a zip, read from disk as it is consumed; the stream fails if a file cannot be read. */
export async function zipStream(ref: PackageRef): Promise<Readable> {
  const zip = new ZipFile();
  zip.on('error', (error) => (zip.outputStream as Readable).destroy(error as Error));
  const { files, links } = await listTree(ref);
  for (const { path, target } of links)
    zip.addBuffer(Buffer.from(target), path, { mtime: ZIP_TIME, mode: 0o120777, compress: false });
  for (const file of files) {
    zip.addFile(join(ref.path, file.path), file.path, { mtime: ZIP_TIME, mode: file.executable ? 0o100755 : 0o100644 });
  }
  zip.end();
  return zip.outputStream as Readable;
}

async function inBatches<T, R extends { path: string }>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += STATS_AT_ONCE)
    done.push(...(await Promise.all(items.slice(at, at + STATS_AT_ONCE).map(read))));
  return done.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function decode(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
