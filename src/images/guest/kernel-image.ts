import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** Offsets in the header of a bzImage; Documentation/x86/boot of the kernel. */
const SETUP_SECTORS_AT = 0x1f1;
const HEADER_MAGIC_AT = 0x202;
const PAYLOAD_OFFSET_AT = 0x248;
const PAYLOAD_LENGTH_AT = 0x24c;
const SECTOR_BYTES = 512;
const ELF_MAGIC = 0x7f454c46;
/** Kernels are some tens of MiB; what claims to be larger is broken. */
const KERNEL_MAX_BYTES = 256 * 1024 * 1024;
/** The kernel compresses in blocks of this many bytes with the old LZ4 frame. */
const LZ4_BLOCK_BYTES = 8 * 1024 * 1024;

/** The given file is not a kernel, or it is a kernel that we cannot use. The message says why. */
export class NotAKernel extends Error {
  override readonly name = 'NotAKernel';
}

/**
 * Finds the ELF image in a kernel as distributions ship it (a bzImage), or takes the ELF image itself. Monitors start
 * it without decompressing anything in the guest, and under software emulation decompression is a good part of a boot.
 * Throws NotAKernel.
 */
export function uncompressedKernel(file: Buffer): Buffer {
  if (file.length > 4 && file.readUInt32BE(0) === ELF_MAGIC) return whole(file);
  if (file.length < PAYLOAD_LENGTH_AT + 4 || file.toString('latin1', HEADER_MAGIC_AT, HEADER_MAGIC_AT + 4) !== 'HdrS') {
    throw new NotAKernel('it is neither a bzImage nor an ELF image');
  }
  const setupBytes = ((file[SETUP_SECTORS_AT] || 4) + 1) * SECTOR_BYTES;
  const from = setupBytes + file.readUInt32LE(PAYLOAD_OFFSET_AT);
  const to = from + file.readUInt32LE(PAYLOAD_LENGTH_AT);
  if (to > file.length) throw new NotAKernel('it is cut short');
  try {
    return whole(decompressed(file.subarray(from, to)));
  } catch (error) {
    if (error instanceof NotAKernel) throw error;
    throw new NotAKernel(`its payload is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
}

function decompressed(payload: Buffer): Buffer {
  const options = { maxOutputLength: KERNEL_MAX_BYTES };
  switch (payload.readUInt32BE(0)) {
    case 0x02214c18:
      return lz4Legacy(payload.subarray(4));
    case 0x28b52ffd:
      return zstdDecompressSync(payload, options);
    default:
      if (payload.readUInt16BE(0) === 0x1f8b) return gunzipSync(payload, options);
      throw new NotAKernel('it is compressed in a way we do not read; give the uncompressed vmlinux');
  }
}

/** An ELF image ends with its section headers. A file that was cut short ends before them. */
function whole(elf: Buffer): Buffer {
  if (elf.length < 64 || elf.readUInt32BE(0) !== ELF_MAGIC) throw new NotAKernel('there is no ELF image in it');
  const sectionsAt = Number(elf.readBigUInt64LE(40));
  const end = sectionsAt + elf.readUInt16LE(58) * elf.readUInt16LE(60);
  if (end > elf.length) throw new NotAKernel('it is cut short');
  return elf;
}

/**
 * The data are blocks: a length, then that many bytes, which unpack to at most 8 MiB. The kernel appends the unpacked
 * size.
 */
function lz4Legacy(data: Buffer): Buffer {
  const blocks: Buffer[] = [];
  let at = 0;
  let total = 0;
  while (at + 4 < data.length) {
    const length = data.readUInt32LE(at);
    at += 4;
    if (length === 0 || at + length > data.length) throw new NotAKernel('its payload is cut short');
    const block = lz4Block(data.subarray(at, at + length));
    at += length;
    total += block.length;
    if (total > KERNEL_MAX_BYTES) throw new NotAKernel('it is larger than any kernel');
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function lz4Block(source: Buffer): Buffer {
  const target = Buffer.allocUnsafe(LZ4_BLOCK_BYTES);
  let from = 0;
  let to = 0;
  const extended = (start: number): number => {
    let length = start;
    if (start < 15) return length;
    for (;;) {
      const more = source[from++]!;
      length += more;
      if (more !== 255) return length;
    }
  };
  while (from < source.length) {
    const token = source[from++]!;
    const literals = extended(token >> 4);
    if (to + literals > target.length) throw new RangeError('a block is too long');
    source.copy(target, to, from, from + literals);
    from += literals;
    to += literals;
    if (from >= source.length) break;
    const distance = source.readUInt16LE(from);
    from += 2;
    const length = extended(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > target.length) throw new RangeError('a match leads nowhere');
    // Source and target may overlap: that is how LZ4 writes repetitions.
    if (distance >= length) target.copy(target, to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) target[to + i] = target[to - distance + i]!;
    to += length;
  }
  return target.subarray(0, to);
}
