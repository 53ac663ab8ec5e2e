import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { fixture } from '../support/fixture.ts';
import { ADMIN_KEY, type ApiReply, TestServer } from '../support/test-server.ts';

const MIB = 1024 * 1024;
const INDEX = Buffer.from(fixture('echo', 'nodejs'));

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  await server.deploy('zipped', 'nodejs', fixture('hello', 'nodejs'));
});
afterAll(() => server.stop());

type Entries = [path: string, content: Buffer, options?: { mode?: number }][];

function zip(entries: Entries): Promise<Buffer> {
  const file = new ZipFile();
  for (const [path, content, options] of entries) file.addBuffer(content, path, options);
  file.end();
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    file.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/** yazl writes no hostile names, so they are put in afterwards: same length, both headers. */
function renamed(archive: Buffer, from: string, to: string): Buffer {
  expect(to.length).toBe(from.length);
  return Buffer.from(archive.toString('latin1').replaceAll(from, to), 'latin1');
}

async function put(body: Buffer, type = 'application/zip'): Promise<ApiReply> {
  const reply = await fetch(`${server.url}/api/v1/functions/zipped/code`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type },
    body: new Uint8Array(body),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, body: JSON.parse(text) as Record<string, unknown>, text };
}

const HOSTILE: [string, () => Promise<Buffer>][] = [
  ['nothing', async () => Buffer.alloc(0)],
  ['no zip', async () => Buffer.from('this is no archive')],
  ['an archive without files', () => zip([])],
  ['a truncated archive', async () => (await zip([['index.js', INDEX]])).subarray(0, 60)],
  [
    'a path that leaves the folder',
    async () => renamed(await zip([['aa/evil.js', INDEX]]), 'aa/evil.js', '../evil.js'),
  ],
  ['an absolute path', async () => renamed(await zip([['aetc/evil.js', INDEX]]), 'aetc/evil.js', '/etc/evil.js')],
  ['a backslash path', async () => renamed(await zip([['aa/evil.js', INDEX]]), 'aa/evil.js', '..\\evil.js')],
  ['a symbolic link', () => zip([['index.js', Buffer.from('/etc/passwd'), { mode: 0o120777 }]])],
  ['a device', () => zip([['index.js', INDEX, { mode: 0o020666 }]])],
  [
    'a name given twice',
    async () =>
      renamed(
        await zip([
          ['index.js', INDEX],
          ['other.js', INDEX],
        ]),
        'other.js',
        'index.js',
      ),
  ],
  [
    'a file below a file',
    () =>
      zip([
        ['index.js', INDEX],
        ['index.js/a', INDEX],
      ]),
  ],
  [
    'a bomb',
    () =>
      zip([
        ['index.js', INDEX],
        ['zeros', Buffer.alloc(100 * MIB)],
      ]),
  ],
  ['a file that lies about its size', lyingAboutSize],
  [
    'wrong content',
    async () => {
      const archive = await zip([['index.js', Buffer.alloc(4_096, 0x61)]]);
      const at = archive.indexOf('index.js') + 'index.js'.length + 2;
      archive[at] = (archive[at] ?? 0) ^ 0xff;
      return archive;
    },
  ],
];

/** Says 10 bytes in both headers and unpacks to a mebibyte. */
async function lyingAboutSize(): Promise<Buffer> {
  const content = Buffer.alloc(MIB, 0x61);
  const archive = await zip([['index.js', content]]);
  expect(deflateRawSync(content).length).toBeLessThan(MIB);
  const honest = Buffer.alloc(4);
  honest.writeUInt32LE(MIB);
  const lie = Buffer.alloc(4);
  lie.writeUInt32LE(10);
  return Buffer.from(
    archive.toString('latin1').replaceAll(honest.toString('latin1'), lie.toString('latin1')),
    'latin1',
  );
}

describe('a hostile archive', () => {
  it.each(HOSTILE)('I7: %s is refused, leaves nothing, and the function stays as it was', async (_what, make) => {
    const before = await server.api('GET', '/functions/zipped');
    const packages = listing();
    const reply = await put(await make());
    expect([reply.status, reply.body.code]).toEqual([422, 'invalid_zip']);
    expect(reply.text).not.toContain(server.dataDir);
    expect((await server.api('GET', '/functions/zipped')).text).toBe(before.text);
    expect(listing()).toEqual(packages);
    expect((await server.invoke('zipped', { name: 'Ada' })).status).toBe(200);
  });

  it('I7: more than 50 MiB is 413 before it is read to its end', async () => {
    const reply = await put(Buffer.alloc(51 * MIB));
    expect([reply.status, reply.body.code]).toEqual([413, 'payload_too_large']);
  });

  it('I7: another content type is 415', async () => {
    const reply = await put(await zip([['index.js', INDEX]]), 'application/x-tar');
    expect([reply.status, reply.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('I7: good code without the handler’s file is 422 invalid_handler', async () => {
    const reply = await put(await zip([['main.js', INDEX]]));
    expect([reply.status, reply.body.code]).toEqual([422, 'invalid_handler']);
  });
});

it('a good archive is deployed and read back as an archive of the same code', async () => {
  const put1 = await put(
    await zip([
      ['index.js', INDEX],
      ['data/table.bin', Buffer.from([0, 1, 255])],
    ]),
  );
  expect(put1.status).toBe(200);
  expect((await server.invoke('zipped', { n: 1 })).body).toEqual({ n: 1 });
  const back = await fetch(`${server.url}/api/v1/functions/zipped/code`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/zip' },
  });
  expect(back.headers.get('content-type')).toBe('application/zip');
  const put2 = await put(Buffer.from(await back.arrayBuffer()));
  expect([put2.status, put2.body.codeSha256]).toEqual([200, put1.body.codeSha256]);
});

/** What lies in the data directory besides the databases, which change at any time. */
function listing(): string[] {
  return (readdirSync(server.dataDir, { recursive: true }) as string[])
    .filter((path) => !/\.db(-wal|-shm)?$/.test(path))
    .map((path) => join('/', path))
    .sort();
}
