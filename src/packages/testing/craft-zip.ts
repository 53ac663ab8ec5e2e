import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a crafted archive; the optional fields are lies that a well-behaved packer would not tell. */
export interface CraftedEntry {
  name: string | Buffer;
  data?: Buffer | string;
  method?: number;
  flags?: number;
  madeBy?: number;
  attributes?: number;
  mode?: number;
  crc?: number;
  size?: number;
  compressedSize?: number;
  offset?: number;
  extra?: Buffer;
  localName?: string;
}

/** A zip made byte by byte, so that tests can say anything an attacker could. */
export function craftZip(entries: CraftedEntry[], end: { count?: number; zip64Count?: bigint } = {}): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = craftEntry(entry, offset);
    locals.push(local);
    centrals.push(central);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(end.zip64Count === undefined ? (end.count ?? entries.length) : 0xffff, 8);
  tail.writeUInt16LE(end.zip64Count === undefined ? (end.count ?? entries.length) : 0xffff, 10);
  tail.writeUInt32LE(directory.length, 12);
  tail.writeUInt32LE(end.zip64Count === undefined ? offset : 0xffffffff, 16);
  const zip64 = end.zip64Count === undefined ? [] : [zip64End(end.zip64Count, offset, directory.length)];
  return Buffer.concat([...locals, directory, ...zip64, tail]);
}

function craftEntry(entry: CraftedEntry, offset: number): { local: Buffer; central: Buffer } {
  const name = Buffer.from(entry.name as string);
  const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
  const data = Buffer.from((entry.data ?? '') as string);
  const method = entry.method ?? 0;
  const body = method === 8 ? deflateRawSync(data) : data;
  const extra = entry.extra ?? Buffer.alloc(0);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(entry.flags ?? 0x800, 2);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(entry.crc ?? crc32(data), 10);
  fields.writeUInt32LE(entry.compressedSize ?? body.length, 14);
  fields.writeUInt32LE(entry.size ?? data.length, 18);
  fields.writeUInt16LE(localName.length, 22);
  const local = Buffer.concat([u32(0x04034b50), fields, localName, body]);
  const centralFields = Buffer.from(fields);
  centralFields.writeUInt16LE(name.length, 22);
  centralFields.writeUInt16LE(extra.length, 24);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((entry.attributes ?? (entry.mode ?? 0o100644) * 0x10000) >>> 0, 6);
  rest.writeUInt32LE(entry.offset ?? offset, 10);
  const madeBy = Buffer.from([20, entry.madeBy ?? 3]);
  return { local, central: Buffer.concat([u32(0x02014b50), madeBy, centralFields, rest, name, extra]) };
}

function zip64End(count: bigint, directoryOffset: number, directorySize: number): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(count, 24);
  record.writeBigUInt64LE(count, 32);
  record.writeBigUInt64LE(BigInt(directorySize), 40);
  record.writeBigUInt64LE(BigInt(directoryOffset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryOffset + directorySize), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
