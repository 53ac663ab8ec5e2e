import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/** One regular file of an archive: text, or a file of the host. */
export interface TarEntry {
  /** Relative path, at most 100 bytes. */
  name: string;
  mode: number;
  content: Uint8Array | { path: string; sizeBytes: number };
}

const BLOCK_BYTES = 512;
/** The name field of a ustar header. */
const NAME_MAX_BYTES = 100;

/** A ustar archive as a stream; owners and times are zero so that equal content gives equal layers. */
export function tarArchive(entries: TarEntry[]): Readable {
  return Readable.from(blocksOf(entries), { objectMode: false });
}

async function* blocksOf(entries: TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const isText = entry.content instanceof Uint8Array;
    const size = isText ? (entry.content as Uint8Array).length : (entry.content as { sizeBytes: number }).sizeBytes;
    yield headerOf(entry.name, entry.mode, size);
    if (isText) yield entry.content as Uint8Array;
    else yield* fileOf(entry.content as { path: string; sizeBytes: number });
    yield new Uint8Array((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

async function* fileOf(file: { path: string; sizeBytes: number }): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of createReadStream(file.path, { highWaterMark: 1024 * 1024 })) {
    sent += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (sent !== file.sizeBytes) throw new Error(`a file of an archive changed its size while it was read: ${file.path}`);
}

function headerOf(name: string, mode: number, sizeBytes: number): Uint8Array {
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) throw new RangeError(`too long for a tar header: ${name}`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
