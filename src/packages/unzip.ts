import { open as openFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { LIMITS } from '../domain/limits.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { PackageLink } from './package-links.ts';
import { packageProblem } from './package-problem.ts';
import type { StagedTree } from './staged-tree.ts';
import { planEntry, ZipPlan, type ZipPlanEntry } from './zip-plan.ts';

/**
 * Unpacks a hostile zip into a staged tree. First the whole directory is read and judged (names, kinds, sizes, overlaps),
 * so most refusals write nothing; then each entry is written, with its true size and CRC held against the promised ones.
 * A single folder wrapping everything is kept: the handler setting can name it, and guessing would change paths silently.
 * Throws `invalid_zip` naming the entry; `payload_too_large` over the zip bound. The caller discards the tree on failure.
 */
export async function unzip(zipPath: string, tree: StagedTree, signal?: AbortSignal): Promise<void> {
  const file = await openFile(zipPath, 'r');
  try {
    if ((await file.stat()).size > LIMITS.zipMaxBytes) throw new ColdframeError('payload_too_large');
    const zip = await openZip(file.fd);
    const plan = await readPlan(zip, signal);
    const files = plan.filter(({ kind }) => kind !== 'link');
    const links: PackageLink[] = [];
    for (const { path, kind, entry } of plan) {
      signal?.throwIfAborted();
      if (kind === 'link') links.push({ path, target: await linkTarget(zip, entry, path) });
    }
    await tree.addFiles(
      files.map(({ path, kind, entry }) => ({
        path,
        executable: kind === 'executable',
        content: () => checkedContent(zip, entry, path),
      })),
      signal,
    );
    await tree.addLinks(links, signal);
  } finally {
    await file.close();
  }
}

async function openZip(fd: number): Promise<ZipFile> {
  try {
    return await new Promise((resolve, reject) => {
      yauzl.fromFd(fd, { lazyEntries: true, decodeStrings: false, autoClose: false }, (error, zip) =>
        error ? reject(error) : resolve(zip),
      );
    });
  } catch (error) {
    throw damaged(error);
  }
}

async function readPlan(zip: ZipFile, signal: AbortSignal | undefined): Promise<ZipPlanEntry[]> {
  // The end record promises this number, so it is checked before a single entry is read: zip64 can promise 2^64.
  if (zip.entryCount > LIMITS.packageFilesMax * 2) {
    throw packageProblem('invalid_zip', '', `the archive promises ${zip.entryCount} entries`);
  }
  const plan = new ZipPlan();
  try {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      const planned = planEntry(entry);
      if (planned) plan.add(planned, await zip.readLocalFileHeaderPromise(entry));
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw damaged(error);
  }
  return plan.finish(zip.fileSize);
}

async function* checkedContent(zip: ZipFile, entry: Entry, path: string): AsyncGenerator<Uint8Array> {
  let sum = 0;
  let bytes = 0;
  try {
    // Errors of yauzl's own streams (size mismatch, broken deflate, cut file) surface here as rejections of the iteration.
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      bytes += chunk.byteLength;
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    throw damaged(error, path);
  }
  if (bytes !== entry.uncompressedSize)
    throw packageProblem('invalid_zip', path, 'its size differs from the promised one');
  if (sum !== entry.crc32) throw packageProblem('invalid_zip', path, 'its checksum does not fit');
}

/** The content of a link's entry is where it leads. */
async function linkTarget(zip: ZipFile, entry: Entry, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checkedContent(zip, entry, path)) chunks.push(chunk);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw packageProblem('invalid_zip', path, 'the link is not UTF-8');
  }
}

function damaged(error: unknown, path = ''): ColdframeError {
  if (error instanceof ColdframeError) return error;
  return new ColdframeError('invalid_zip', {
    errors: [{ path, message: 'the archive is damaged or cut off' }],
    cause: error,
  });
}
