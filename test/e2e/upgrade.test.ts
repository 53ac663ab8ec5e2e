import { expect, it } from 'vitest';
import { TestServer } from '../support/test-server.ts';
import { CB5D05C, unpackDataDir } from '../support/unpack-data-dir.ts';

interface Named {
  items: { name: string }[];
}

const names = (list: Named) => list.items.map(({ name }) => name).sort();

it('the data directory of an earlier version opens, shows what it held and serves both languages', {
  timeout: 120_000,
}, async () => {
  await using dataDir = unpackDataDir(CB5D05C.commit);
  // Without a key of its own the server takes the one in the directory.
  const env = { COLDFRAME_ADMIN_KEY: '', COLDFRAME_ISOLATION: 'process' };
  const server = await TestServer.start({ dataDir: dataDir.path, isolation: 'process', env });
  try {
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const read = async <T>(path: string): Promise<T> =>
      (await server.api<T>('GET', path, undefined, as(CB5D05C.adminKey))).body;

    expect(names(await read<Named>('/functions'))).toEqual(['count', 'greet']);
    expect(await read('/functions/greet')).toMatchObject({
      revision: { number: 3 },
      env: { PLACE: 'here', TOKEN: { secret: true } },
      routes: [
        { method: 'GET', path: '/greet/{who}' },
        { method: 'ANY', path: '/everything/{proxy+}' },
      ],
      tags: { team: 'fixture' },
      createdAt: '2026-11-29T04:13:03.994Z',
    });
    expect(names(await read<Named>('/functions/count/test-events'))).toEqual(['failing', 'word']);
    expect(names(await read<Named>('/keys'))).toEqual(['caller', 'ci']);
    const comparisons = await read<{ items: object[] }>('/functions/greet/comparisons');
    expect(comparisons.items).toMatchObject([{ state: 'finished', callsDone: 3 }]);

    const greeted = await server.api('POST', '/functions/greet/invoke', { name: 'Ada' }, as(CB5D05C.callerKey));
    expect([greeted.status, greeted.body]).toEqual([
      200,
      { hello: 'Ada', secret: 'kept-in-the-fixture', plain: 'here' },
    ]);
    const counted = await server.api('POST', '/functions/count/invoke', { word: 'abcd' }, as(CB5D05C.callerKey));
    expect([counted.status, counted.body]).toEqual([200, { letters: 4, salt: 'of-python' }]);
    const routed = await fetch(`${server.functionUrl}/greet/ada`);
    expect(await routed.json()).toMatchObject({ hello: 'nobody' });

    const headers = { ...as(CB5D05C.adminKey), 'content-type': 'application/merge-patch+json' };
    const patched = async (patch: object) => (await server.api('PATCH', '/functions/greet', patch, headers)).body;
    const unchanged = { tags: { team: 'fixture' }, env: { PLACE: 'here', TOKEN: { secret: 'kept-in-the-fixture' } } };
    expect(await patched(unchanged)).toMatchObject({ revision: { number: 3 } });
    const described = { description: 'changed by today' };
    expect(await patched(described)).toMatchObject({ ...described, revision: { number: 3 } });
    expect(await patched({ timeoutMs: 4_000 })).toMatchObject({ ...described, revision: { number: 4 } });
  } finally {
    await server.stop();
  }
});
