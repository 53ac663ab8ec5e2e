import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { NotAKernel, uncompressedKernel } from './kernel-image.ts';

/** An ELF header without sections, and some text that repeats. */
function elf(): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46);
  return Buffer.concat([header, Buffer.from('kernel '.repeat(200))]);
}

/** As the kernel's build makes them: a boot sector, one sector of set-up code, the payload. */
function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(1024);
  image[0x1f1] = 1;
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt32LE(0, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, payload]);
}

/** The old LZ4 frame with one block: `literals`, then `match` bytes that repeat what lies `distance` back, then `rest`. */
function lz4(literals: Buffer, distance: number, match: number, rest: Buffer): Buffer {
  const length = (value: number): number[] => {
    const bytes = [];
    let left = value - 15;
    for (; left >= 255; left -= 255) bytes.push(255);
    return [...bytes, left];
  };
  const block = Buffer.concat([
    Buffer.from([0xff, ...length(literals.length)]),
    literals,
    Buffer.from([distance & 0xff, distance >> 8, ...length(match - 4)]),
    Buffer.from([0xf0, ...length(rest.length)]),
    rest,
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), size, block, Buffer.alloc(4)]);
}

test('an ELF image is taken as it is', () => {
  expect(uncompressedKernel(elf())).toEqual(elf());
});

test('a bzImage gives the ELF image inside, however it is compressed', () => {
  const whole = elf();
  const literals = whole.subarray(0, 71);
  const packed = lz4(literals, 7, whole.length - 71 - 20, whole.subarray(whole.length - 20));
  for (const payload of [gzipSync(whole), zstdCompressSync(whole), packed]) {
    expect(uncompressedKernel(bzImage(payload)).equals(whole)).toBe(true);
  }
});

test('what is no kernel, is cut short or damaged is refused with what is wrong', () => {
  const image = bzImage(gzipSync(elf()));
  const damaged = Buffer.from(image);
  damaged.fill(0xee, 1040, 1060);
  const headers = elf();
  headers.writeBigUInt64LE(1_000_000n, 40);
  headers.writeUInt16LE(64, 58);
  headers.writeUInt16LE(1, 60);
  for (const [file, message] of [
    [Buffer.from('#!/bin/sh\n'), /neither a bzImage nor an ELF/],
    [Buffer.alloc(0), /neither/],
    [image.subarray(0, image.length - 10), /cut short/],
    [headers, /cut short/],
    [damaged, /damaged/],
    [bzImage(gzipSync(Buffer.alloc(500))), /no ELF/],
    [bzImage(Buffer.from('\xfd7zXZ\0 and more', 'latin1')), /vmlinux/],
    [bzImage(Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18, 9, 9, 9, 9]), Buffer.alloc(50)])), /cut short/],
  ] as const) {
    expect(() => uncompressedKernel(file)).toThrow(NotAKernel);
    expect(() => uncompressedKernel(file)).toThrow(message);
  }
});
