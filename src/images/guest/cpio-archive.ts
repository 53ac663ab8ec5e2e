const TRAILER = 'TRAILER!!!';
const TYPE_BITS = { file: 0o100_000, directory: 0o040_000, device: 0o020_000 } as const;
const ALIGNMENT = 4;

/** One entry of an initramfs. */
export type CpioEntry =
  | { kind: 'file'; name: string; mode: number; content: Uint8Array }
  | { kind: 'directory'; name: string; mode: number }
  | { kind: 'device'; name: string; mode: number; major: number; minor: number };

/** An initramfs as the kernel reads it (cpio `newc`, uncompressed), owners root and times zero: equal entries, equal bytes. */
export function cpioArchive(entries: CpioEntry[]): Buffer {
  const pieces = entries.flatMap((entry, index) => [headerOf(entry, index + 1), contentOf(entry)]);
  pieces.push(headerOf({ kind: 'file', name: TRAILER, mode: 0, content: new Uint8Array(0) }, 0));
  return Buffer.concat(pieces);
}

function headerOf(entry: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${entry.name}\0`);
  const mode = entry.name === TRAILER ? 0 : TYPE_BITS[entry.kind] | entry.mode;
  const size = entry.kind === 'file' ? entry.content.length : 0;
  const [major, minor] = entry.kind === 'device' ? [entry.major, entry.minor] : [0, 0];
  const links = entry.kind === 'directory' ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, name.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return padded(Buffer.concat([Buffer.from(text), name]));
}

function contentOf(entry: CpioEntry): Buffer {
  return entry.kind === 'file' ? padded(Buffer.from(entry.content)) : Buffer.alloc(0);
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % ALIGNMENT;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(ALIGNMENT - rest)]);
}
