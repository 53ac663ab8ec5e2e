import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listTree } from './package-files.ts';
import { type CraftedEntry, craftZip } from './testing/craft-zip.ts';
import { link, ZipBed } from './testing/zip-bed.ts';

const { putBytes, refusal } = ZipBed.use();
const ok: CraftedEntry = { name: 'index.js', data: 'ok' };

describe('links that stay inside', () => {
  test('links of npm, pnpm and shared libraries stay links, and one that leads to nothing inside does too', async () => {
    const links = {
      'lib/libz.so': 'libz.so.1',
      'lib/libz.so.1': 'libz.so.1.3',
      'node_modules/.bin/tool': '../tool/bin.js',
      'node_modules/.pnpm/a@1/node_modules/tool': '../../tool@2/node_modules/tool',
      'node_modules/gone': './nothing/here',
      'node_modules/self': '..',
      'node_modules/tool': '.pnpm/tool@2/node_modules/tool',
    };
    const files = ['lib/libz.so.1.3', 'node_modules/.pnpm/tool@2/node_modules/tool/bin.js'];
    const ref = await putBytes(
      craftZip([
        ...Object.entries(links).map(([name, data]) => link(name, data)),
        ...files.map((name) => ({ name, data: name })),
      ]),
    );
    const tree = await listTree(ref);
    expect(tree.links).toEqual(Object.entries(links).map(([path, target]) => ({ path, target })));
    expect(tree.files.map(({ path }) => path)).toEqual(files);
    expect(await readFile(join(ref.path, 'node_modules/.bin/tool'), 'utf8')).toBe(files[1]);
  });

  test('thousands of links unpack', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => link(`d${i % 50}/l${i}`, '../index.js'));
    expect((await putBytes(craftZip([ok, ...many]))).fileCount).toBe(3_001);
  });
});

describe('links that do not are refused, and leave nothing', () => {
  test.each<[string, CraftedEntry]>([
    ['a link to an absolute path inside', link('link', '/var/task/index.js')],
    ['a link out of the package', link('link', '../evil')],
    ['a link out of the package and back', link('a/link', '../../package/index.js')],
    ['a link out of the package below a missing folder', link('a/link', 'b/../../../evil')],
    ['a link to itself', link('link', 'link')],
    ['a link below itself', link('link', 'link/a')],
    ['a link to nowhere', link('link', '')],
    ['a link with a NUL', link('link', 'index.js\0/../../..')],
    ['a link with a newline', link('link', 'a\nb')],
    ['a link with a backslash', link('link', '..\\..\\evil')],
    ['a link to a drive', link('link', 'C:/evil')],
    ['a link that is not UTF-8', link('link', Buffer.from([0xff, 0x41]))],
    ['a too long link', link('link', 'n/'.repeat(600))],
    ['a too deep link', link('link', 'n/'.repeat(100))],
    ['a link with a name that leaves', link('../link', 'index.js')],
    ['a link with a wrong checksum', { ...link('link', 'index.js'), crc: 1 }],
    ['a link larger than promised', { ...link('link', 'x'.repeat(5_000)), method: 8, size: 10 }],
  ])('%s', async (_, entry) => {
    const refused = await refusal(craftZip([ok, entry]));
    expect(refused).toMatchObject({ code: 'invalid_zip', message: expect.stringMatching(/./) });
  });

  test.each<[string, CraftedEntry[]]>([
    ['a file below a link', [link('a', '.'), { name: 'a/b', data: '2' }]],
    ['a file below a link that comes later', [{ name: 'a/b', data: '2' }, link('a', '.')]],
    ['a link below a link', [ok, link('a', '.'), link('a/b', '../index.js')]],
    ['a folder below a link', [ok, link('a', '.'), { name: 'a/b/', mode: 0o040755 }]],
    ['a link that is also a folder', [ok, { name: 'a/', mode: 0o040755 }, link('a', '.')]],
    ['a link that is also a file', [ok, link('index.js', 'b')]],
    ['the same link twice', [ok, link('a', 'index.js'), link('a', 'index.js')]],
    ['two links that lead to each other', [ok, link('a', 'b'), link('b', 'a')]],
    ['a link that leaves through another', [ok, link('a/b/c', '../..'), link('d', 'a/b/c/..')]],
    [
      'a chain of links',
      [ok, ...Array.from({ length: 9 }, (_, i) => link(`l${i}`, i === 8 ? 'index.js' : `l${i + 1}`))],
    ],
    ['links that multiply', [ok, ...Array.from({ length: 9 }, (_, i) => link(`l${i}`, `./l${i + 1}/../l${i + 1}`))]],
    ['links only', [link('a', 'b')]],
  ])('%s', async (_, entries) => {
    expect((await refusal(craftZip(entries))).code).toBe('invalid_zip');
  });

  test('a chain of thousands', async () => {
    const chain = Array.from({ length: 2_000 }, (_, i) => link(`f${i}`, `f${i + 1}`));
    expect((await refusal(craftZip([ok, ...chain]))).message).toContain('more than 8 links');
  });
});
