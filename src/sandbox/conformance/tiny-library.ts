/** The name the dynamic linker knows it by. */
export const TINY_LIBRARY = 'libcfanswer.so';
/** Its one function: takes nothing, returns ANSWER. */
export const TINY_FUNCTION = 'cf_answer';
export const ANSWER = 42;

const EM: Partial<Record<NodeJS.Architecture, number>> = { x64: 62, arm64: 183 };
/** `return 42;` */
const CODE: Partial<Record<NodeJS.Architecture, number[]>> = {
  x64: [0xb8, ANSWER, 0, 0, 0, 0xc3],
  arm64: [0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6],
};
const AT = { headers: 0x40, code: 0x140, hash: 0x160, symbols: 0x180, strings: 0x1b0, dynamic: 0x1000 } as const;
/** The second segment lies this far behind its place in the file: pages of any size divide it. */
const DATA_SHIFT = 0x10000;
const SEGMENT = { load: 1, dynamic: 2, stack: 0x6474e551 } as const;
const TAG = { hash: 4, strings: 5, symbols: 6, stringsSize: 10, symbolSize: 11, name: 14 } as const;
const [EXECUTE, WRITE, READ] = [1, 2, 4];

/** The smallest shared library that a dynamic linker loads, for this machine: there is no compiler in a sandbox, nor on every host. */
export function tinyLibrary(arch: NodeJS.Architecture = process.arch): Buffer {
  const [machine, code] = [EM[arch], CODE[arch]];
  if (machine === undefined || code === undefined) throw new RangeError(`no library for ${arch}`);
  const strings = Buffer.from(`\0${TINY_FUNCTION}\0${TINY_LIBRARY}\0`);
  const dynamic = [
    ...[TAG.hash, AT.hash, TAG.symbols, AT.symbols, TAG.strings, AT.strings, TAG.stringsSize, strings.length],
    ...[TAG.symbolSize, 24, TAG.name, strings.indexOf(TINY_LIBRARY), 0, 0],
  ];
  const file = Buffer.alloc(AT.dynamic + dynamic.length * 8);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  // Shared object, machine, version; program headers at once behind the header, four of them.
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(AT.headers), 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(4, 56);
  const data = { from: AT.dynamic, at: AT.dynamic + DATA_SHIFT, bytes: dynamic.length * 8 };
  const segments = [
    {
      type: SEGMENT.load,
      flags: READ | EXECUTE,
      from: 0,
      at: 0,
      bytes: AT.strings + strings.length,
      align: DATA_SHIFT,
    },
    { type: SEGMENT.load, flags: READ | WRITE, ...data, align: DATA_SHIFT },
    { type: SEGMENT.dynamic, flags: READ | WRITE, ...data, align: 8 },
    { type: SEGMENT.stack, flags: READ | WRITE, from: 0, at: 0, bytes: 0, align: 16 },
  ];
  for (const [n, { type, flags, from, at, bytes, align }] of segments.entries()) {
    const header = AT.headers + n * 56;
    file.writeUInt32LE(type, header);
    file.writeUInt32LE(flags, header + 4);
    for (const [word, value] of [from, at, at, bytes, bytes, align].entries())
      file.writeBigUInt64LE(BigInt(value), header + 8 + word * 8);
  }
  file.set(code, AT.code);
  // One bucket, two symbols; the bucket leads to the second, the first is the empty one.
  for (const [word, value] of [1, 2, 1, 0, 0].entries()) file.writeUInt32LE(value, AT.hash + word * 4);
  const symbol = AT.symbols + 24;
  file.writeUInt32LE(strings.indexOf(TINY_FUNCTION), symbol);
  // A global function in some section.
  file.writeUInt8(0x12, symbol + 4);
  file.writeUInt16LE(1, symbol + 6);
  file.writeBigUInt64LE(BigInt(AT.code), symbol + 8);
  file.writeBigUInt64LE(BigInt(code.length), symbol + 16);
  strings.copy(file, AT.strings);
  for (const [word, value] of dynamic.entries()) file.writeBigUInt64LE(BigInt(value), AT.dynamic + word * 8);
  return file;
}
