import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { listTree, readText } from './package-files.ts';
import { type CraftedEntry, craftZip } from './testing/craft-zip.ts';
import { link, ZipBed } from './testing/zip-bed.ts';

const { putBytes, refusal, workspace } = ZipBed.use();

const ok: CraftedEntry = { name: 'index.js', data: 'ok' };

describe('good archives', () => {
  test('a yazl archive with folders, deflated and stored files unpacks', async () => {
    const zip = new ZipFile();
    zip.addEmptyDirectory('lib/');
    zip.addBuffer(Buffer.from('a'.repeat(10_000)), 'lib/a.js', { compress: true });
    zip.addBuffer(Buffer.from('b'), 'index.js', { compress: false });
    zip.addBuffer(Buffer.alloc(0), 'empty.txt');
    zip.end();
    const ref = await putBytes(await buffer(zip.outputStream as Readable));
    expect((await readText(ref)).files).toEqual({ 'index.js': 'b', 'lib/a.js': 'a'.repeat(10_000), 'empty.txt': '' });
  });

  test('zip64 archives unpack', async () => {
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from('b'), 'index.js', { forceZip64Format: true });
    zip.end({ forceZip64Format: true, comment: '' });
    expect((await readText(await putBytes(await buffer(zip.outputStream as Readable)))).files).toEqual({
      'index.js': 'b',
    });
  });

  test('`./` before names is dropped; a folder that wraps everything is kept', async () => {
    const entries = [{ name: './' }, { name: './app/a.js', data: '1' }].map((one) => ({ ...one, mode: 0 }));
    expect((await readText(await putBytes(craftZip(entries)))).files).toEqual({ 'app/a.js': '1' });
  });

  test('names are UTF-8, flagged or not', async () => {
    const ref = await putBytes(craftZip([{ ...ok, name: 'grüße.js', flags: 0 }]));
    expect(Object.keys((await readText(ref)).files)).toEqual(['grüße.js']);
  });

  test('set-user-id, world-writable and odd modes become 0444 or 0555', async () => {
    const ref = await putBytes(
      craftZip([
        { ...ok, mode: 0o106777 },
        { ...ok, name: 'b', mode: 0o100222 },
      ]),
    );
    expect((await listTree(ref)).files.map((file) => [file.path, file.executable])).toEqual([
      ['b', false],
      ['index.js', true],
    ]);
  });

  test('thousands of files unpack', async () => {
    const ref = await putBytes(
      craftZip(Array.from({ length: 3_000 }, (_, i) => ({ name: `d${i % 50}/f${i}`, data: 'x' }))),
    );
    expect(ref.fileCount).toBe(3_000);
  });
});

describe('hostile archives are refused and leave nothing', () => {
  test.each<[string, CraftedEntry]>([
    ['traversal', { name: '../evil.js' }],
    ['traversal inside', { name: 'a/../../evil.js' }],
    ['traversal that stays inside', { name: 'a/../b.js' }],
    ['an absolute path', { name: '/etc/cron.d/evil' }],
    ['the root as a folder', { name: '/' }],
    ['a backslash path', { name: '..\\evil.js' }],
    ['a drive letter', { name: 'C:evil.js' }],
    ['a NUL in the name', { name: 'a.js\0.txt' }],
    ['a newline in the name', { name: 'a\nb' }],
    ['an escape sequence in the name', { name: '\x1b[2J' }],
    ['an empty name', { name: '' }],
    ['a lone dot', { name: '.' }],
    ['a name that is not UTF-8', { name: Buffer.from([0xff, 0xfe, 0x41]) }],
    ['an overlong UTF-8 slash', { name: Buffer.from([0x2e, 0x2e, 0xc0, 0xaf, 0x78]) }],
    ['a symlink', { name: 'link', data: '/etc/passwd', mode: 0o120777 }],
    ['a symlink claimed by another host system', { name: 'link', data: '/etc/passwd', mode: 0o120777, madeBy: 0 }],
    ['a symlink that names a folder', { name: 'link/', data: '', mode: 0o120777 }],
    ['a character device', { name: 'null', mode: 0o020666 }],
    ['a block device', { name: 'sda', mode: 0o060666 }],
    ['a pipe', { name: 'pipe', mode: 0o010666 }],
    ['a socket', { name: 'socket', mode: 0o140666 }],
    ['a folder mode on a file name', { name: 'dir', mode: 0o040755 }],
    ['a folder with data', { name: 'dir/', data: 'x', mode: 0o040755 }],
    ['a file mode on a folder name', { name: 'dir/', mode: 0o100644 }],
    ['an encrypted entry', { name: 'a', data: 'x'.repeat(20), flags: 0x801 }],
    ['strong encryption', { name: 'a', data: 'x', flags: 0x841 }],
    ['masked headers', { name: 'a', data: 'x', flags: 0x2800 }],
    ['another compression', { name: 'a', data: 'x', method: 12 }],
    ['a too long name', { name: 'n'.repeat(256) }],
    ['a too long path', { name: `${'dddddddd/'.repeat(31)}${'n'.repeat(250)}/${'n'.repeat(600)}` }],
    ['a too deep path', { name: `${'d/'.repeat(33)}f` }],
    ['a wrong checksum', { name: 'a', data: 'x', crc: 1 }],
    ['a stored size that lies', { name: 'a', data: 'x', size: 5 }],
    ['a deflated file larger than promised', { name: 'a', data: 'x'.repeat(5_000), method: 8, size: 10 }],
    ['a deflated file smaller than promised', { name: 'a', data: 'x', method: 8, size: 10 }],
    ['a compressed size beyond the file', { name: 'a', data: 'x', method: 8, compressedSize: 1_000_000 }],
    ['an offset beyond the file', { name: 'a', data: 'x', offset: 0x7fffffff }],
    ['an offset into another entry', { name: 'a', data: 'x', offset: 3 }],
    ['a local name that differs', { name: 'a.js', data: 'x', localName: 'b.js' }],
    ['a promise of more than 250 MiB', { name: 'a', data: 'x', method: 8, size: 0x7fffffff }],
    ['a zip64 size of 2^63', { name: 'a', data: 'x', method: 8, size: 0xffffffff, extra: zip64Extra(2n ** 63n) }],
    [
      'a zip64 size that is missing',
      { name: 'a', data: 'x', method: 8, size: 0xffffffff, extra: Buffer.from([1, 0, 0, 0]) },
    ],
    ['an extra field that overflows', { name: 'a', data: 'x', extra: Buffer.from([1, 0, 255, 255]) }],
  ])('%s', async (_, entry) => {
    expect(await refusal(craftZip([ok, entry]))).toMatchObject({
      code: 'invalid_zip',
      message: expect.stringMatching(/./),
    });
  });

  test.each<[string, CraftedEntry[]]>([
    ['the same name twice', [ok, ok]],
    ['the same name twice, once with `./`', [ok, { ...ok, name: './index.js' }]],
    [
      'a file that is also a folder',
      [
        { name: 'a', data: '1' },
        { name: 'a/b', data: '2' },
      ],
    ],
    [
      'a folder that is also a file',
      [
        { name: 'a/b', data: '2' },
        { name: 'a', data: '1' },
      ],
    ],
    [
      'a folder entry that is also a file',
      [
        { name: 'a', data: '1' },
        { name: 'a/', mode: 0o040755 },
      ],
    ],
    ['no entries', []],
    ['folders only', [{ name: 'a/', mode: 0o040755 }]],
    [
      'entries that share their bytes',
      [
        { name: 'a', data: 'x' },
        { name: 'a', data: 'x', offset: 0 },
      ],
    ],
  ])('%s', async (_, entries) => {
    expect((await refusal(craftZip(entries))).code).toBe('invalid_zip');
  });

  test('overlapping entries, as in the 42.zip of today, are refused though each is right by itself', async () => {
    const one = { name: 'a', data: Buffer.alloc(1_000), method: 8 };
    const message = (await refusal(craftZip([one, { ...one, name: 'b', localName: 'b', offset: 0 }]))).message;
    expect(message).toMatch(/contradict|share bytes/);
    const inner = craftZip([{ ...one, name: 'b' }]);
    const outer = { name: 'a', data: inner };
    const nested = { ...one, name: 'b', offset: 30 + 1 };
    expect((await refusal(craftZip([outer, nested]))).message).toBe('two entries share bytes of the archive');
  });

  test('a bomb by ratio', async () => {
    const bomb = craftZip([{ name: 'zeros', data: Buffer.alloc(20 * 1024 * 1024), method: 8 }]);
    expect((await refusal(bomb)).message).toContain('times its size');
  });

  test('a bomb by count, promised or real', async () => {
    expect((await refusal(craftZip([ok], { zip64Count: 2n ** 40n }))).message).toContain('promises');
    const many = Array.from({ length: 20_001 }, (_, i) => (i % 2 === 0 ? { name: `f${i}` } : link(`f${i}`, 'f0')));
    expect((await refusal(craftZip(many))).message).toContain('20000 files');
  });

  test('a bomb by folders', async () => {
    const deep = Array.from({ length: 700 }, (_, i) => ({ name: `${`${i}/`.repeat(30)}f` }));
    expect((await refusal(craftZip(deep))).message).toContain('20000 folders');
  });

  test('an archive that promises more entries than it has', async () => {
    expect((await refusal(craftZip([ok], { count: 2 }))).code).toBe('invalid_zip');
  });

  test('something that is no zip, and every cut of a real one', async () => {
    expect((await refusal(Buffer.from('#!/bin/sh\n'))).code).toBe('invalid_zip');
    expect((await refusal(Buffer.alloc(0))).code).toBe('invalid_zip');
    const whole = craftZip([
      { ...ok, data: 'x'.repeat(300), method: 8 },
      { name: 'b', data: 'y' },
    ]);
    for (let length = 1; length < whole.length; length += 7) {
      expect((await refusal(whole.subarray(0, length))).code).toBe('invalid_zip');
    }
  });

  test('a file over 50 MiB is payload_too_large', async () => {
    expect((await refusal(Buffer.alloc(50 * 1024 * 1024 + 1))).code).toBe('payload_too_large');
  });

  test('an abort stops and leaves nothing', async () => {
    const abort = new AbortController();
    const put = putBytes(
      craftZip(Array.from({ length: 2_000 }, (_, i) => ({ name: `f${i}`, data: 'x' }))),
      abort.signal,
    );
    setImmediate(() => abort.abort());
    await expect(put).rejects.toThrow('abort');
    expect(await workspace()).toEqual([]);
  });

  test('whatever byte is changed: either it unpacks or it is a refusal with a code, and nothing half-made stays', async () => {
    const good = craftZip([
      { ...ok, data: 'x'.repeat(300), method: 8 },
      { name: 'lib/b', data: 'y' },
      link('lib/c', '../index.js'),
    ]);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        const error = await putBytes(bytes).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error) expect(error).toMatchObject({ code: 'invalid_zip' });
        for (const name of await workspace()) expect(name).toMatch(/^[0-9a-f]{64}$/);
      }),
      { numRuns: 300 },
    );
  });
});

function zip64Extra(size: bigint): Buffer {
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(size, 4);
  return extra;
}
