import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { PackageRef } from '../domain/function.ts';
import { LIMITS } from '../domain/limits.ts';

export interface PackageFile {
  path: string;
  sizeBytes: number;
  executable: boolean;
}

/** Zips of one package are equal byte for byte, so they carry this time instead of the files' own. */
const ZIP_TIME = new Date('1980-01-01T12:00:00Z');
const STATS_AT_ONCE = 16;

/** Every file of a package, by path. */
export async function listFiles(ref: Pick<PackageRef, 'path'>): Promise<PackageFile[]> {
  const entries = await readdir(ref.path, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files: PackageFile[] = [];
  for (let at = 0; at < paths.length; at += STATS_AT_ONCE) {
    const some = paths.slice(at, at + STATS_AT_ONCE).map(async (path) => {
      const { size, mode } = await stat(path);
      return { path: relative(ref.path, path), sizeBytes: size, executable: (mode & 0o100) !== 0 };
    });
    files.push(...(await Promise.all(some)));
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function measureTree(path: string): Promise<{ fileCount: number; sizeBytes: number }> {
  const files = await listFiles({ path });
  return { fileCount: files.length, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

/** A package as JSON can carry it: text files whole, up to 6 MiB together; the others named. */
export interface PackageText {
  files: Record<string, string>;
  /** Not UTF-8, executable, or beyond the 6 MiB. */
  binaryFiles: { path: string; sizeBytes: number }[];
}

export async function readText(ref: Pick<PackageRef, 'path'>): Promise<PackageText> {
  const texts: [string, string][] = [];
  const binaryFiles: PackageText['binaryFiles'] = [];
  let bytes = 0;
  for (const { path, sizeBytes, executable } of await listFiles(ref)) {
    const fits = !executable && bytes + sizeBytes <= LIMITS.codeJsonMaxBytes;
    const text = fits ? decode(await readFile(join(ref.path, path))) : null;
    if (text === null) {
      binaryFiles.push({ path, sizeBytes });
    } else {
      texts.push([path, text]);
      bytes += sizeBytes;
    }
  }
  // fromEntries defines `__proto__` as plain data, where an assignment would not.
  return { files: Object.fromEntries(texts), binaryFiles };
}

/** The package as a zip, read from disk as it is consumed; the stream fails if a file cannot be read. */
export async function zipStream(ref: PackageRef): Promise<Readable> {
  const zip = new ZipFile();
  zip.on('error', (error) => (zip.outputStream as Readable).destroy(error as Error));
  for (const file of await listFiles(ref)) {
    zip.addFile(join(ref.path, file.path), file.path, { mtime: ZIP_TIME, mode: file.executable ? 0o100755 : 0o100644 });
  }
  zip.end();
  return zip.outputStream as Readable;
}

function decode(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
