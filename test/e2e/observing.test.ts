import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStream } from '../support/event-stream.ts';
import { FIXTURE_LANGUAGES, fixture } from '../support/fixture.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
});
afterAll(() => server.stop());

interface Figures {
  invocations: number;
  errors: number;
  warm: number;
  cold: number;
  claimed: number;
  p50Ms: number | null;
}

describe('metrics', () => {
  it('count calls, errors and starts, and add up by isolation and by start', async () => {
    await server.deploy('counted', 'nodejs', fixture('echo', 'nodejs'));
    await server.deploy('failing', 'nodejs', fixture('throws', 'nodejs'));
    for (let n = 0; n < 5; n++) await server.invoke('counted', n);
    for (let n = 0; n < 2; n++) await server.invoke('failing', {});
    let totals: Figures | undefined;
    await server.until(
      'the rollups',
      async () => {
        const { body } = await server.api<{ totals: Figures }>('GET', '/metrics?window=1h&step=1m');
        totals = body.totals;
        return totals.invocations === 7;
      },
      10_000,
    );
    expect(totals).toMatchObject({ invocations: 7, errors: 2 });
    expect((totals?.warm ?? 0) + (totals?.cold ?? 0) + (totals?.claimed ?? 0)).toBe(7);
    const one = await server.api<{
      totals: Figures;
      points: Figures[];
      byIsolation: Record<string, Figures>;
      byStart: Record<string, Figures>;
    }>('GET', '/functions/counted/metrics?window=1h&step=1m');
    expect(one.body.totals).toMatchObject({ invocations: 5, errors: 0 });
    expect(one.body.totals.p50Ms).toBeGreaterThan(0);
    expect(one.body.points.reduce((sum, point) => sum + point.invocations, 0)).toBe(5);
    expect(one.body.byIsolation.process?.invocations).toBe(5);
    expect(Object.values(one.body.byStart).reduce((sum, figures) => sum + figures.invocations, 0)).toBe(5);
  });

  it('Prometheus sees the calls, needs scope read and names no function', async () => {
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    const reply = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    const text = await reply.text();
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(text).toMatch(/^# TYPE coldframe_\w+ (counter|gauge|histogram)$/m);
    const counted = [...text.matchAll(/^coldframe_invocations_total\{[^}]*\} (\d+)$/gm)];
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(7);
    expect(text).not.toContain('counted');
  });
});

describe('logs', () => {
  it.each(FIXTURE_LANGUAGES)(
    'of a %s function are listed newest first, by stream, invocation and text',
    async (language) => {
      const name = `prints-${language}`;
      await server.deploy(name, language, fixture('prints', language));
      const reply = await server.invoke(name, {});
      const id = reply.headers.get('coldframe-invocation-id') ?? '';
      const { attempts } = await server.record(id);
      const printed = attempts[0]?.logs ?? [];
      expect(printed.map((line) => line.stream).sort()).toEqual(['stderr', 'stdout', 'stdout']);
      const { body } = await server.api<{ items: { text: string; invocationId: string }[] }>(
        'GET',
        `/functions/${name}/logs`,
      );
      expect(body.items.map((line) => line.text).sort()).toEqual(printed.map((line) => line.text).sort());
      const wanted = printed[0]?.text ?? '';
      const query = new URLSearchParams({ contains: wanted.toUpperCase(), invocation: id });
      const found = await server.api<{ items: { text: string }[] }>('GET', `/functions/${name}/logs?${query}`);
      expect(found.body.items.map((line) => line.text)).toContain(wanted);
      const none = await server.api<{ items: unknown[] }>('GET', `/functions/${name}/logs?contains=${'zzz'.repeat(5)}`);
      expect(none.body.items).toEqual([]);
    },
  );

  it('followed, show what was and then each new line; the live feed resumes from an id', async () => {
    const source = `export const handler = async (event) => { console.log('line', event.n); };`;
    await server.deploy('followed', 'nodejs', source);
    await server.record((await server.invoke('followed', { n: 1 })).headers.get('coldframe-invocation-id') ?? '');
    const text = (event: { data: string }): string => (JSON.parse(event.data) as { text: string }).text;
    await using follow = await EventStream.open(server, '/functions/followed/logs?follow=true');
    await follow.first('the old line', (event) => event.event === 'log' && text(event) === 'line 1');
    await server.invoke('followed', { n: 2 });
    const second = await follow.first('the new line', (event) => event.event === 'log' && text(event) === 'line 2');
    await server.invoke('followed', { n: 3 });
    await using resumed = await EventStream.open(server, '/functions/followed/logs?follow=true', {
      'last-event-id': second.id ?? '',
    });
    await resumed.first('the line after it', (event) => event.event === 'log' && text(event) === 'line 3');
    expect(resumed.events.map(text)).toEqual(['line 3']);
  });

  it('keep 256 KiB of an attempt’s output and say that they were cut', async () => {
    await server.deploy(
      'loud',
      'python',
      'def handler(event, context):\n    for n in range(4000):\n        print("x" * 99)\n',
      {
        timeoutMs: 10_000,
      },
    );
    const reply = await server.invoke('loud', {});
    expect(reply.status).toBe(200);
    const { attempts } = await server.record(reply.headers.get('coldframe-invocation-id') ?? '');
    expect(attempts[0]?.logsTruncated).toBe(true);
    const bytes = (attempts[0]?.logs ?? []).reduce((sum, line) => sum + line.text.length, 0);
    expect(bytes).toBeLessThanOrEqual(256 * 1024);
    expect(bytes).toBeGreaterThan(200 * 1024);
  });
});

describe('the live feed', () => {
  it('tells of each invocation of the workspace as it finishes, and of pool and host', async () => {
    await server.deploy('watched', 'nodejs', fixture('echo', 'nodejs'));
    await using live = await EventStream.open(server, '/live?topics=invocations,pool,host&function=watched');
    const reply = await server.invoke('watched', 1);
    const id = reply.headers.get('coldframe-invocation-id');
    const finished = await live.first('the invocation', ({ event, data }) => {
      if (event !== 'invocations') return false;
      const { kind, invocation } = JSON.parse(data) as { kind: string; invocation: { id: string } };
      return kind === 'finished' && invocation.id === id;
    });
    expect(finished.data).not.toContain('workspaceId');
    expect(Number(finished.id)).toBeGreaterThan(0);
    await live.first('the host', ({ event }) => event === 'host');
  });
});

describe('invocations', () => {
  it('are listed newest first in pages and by outcome', async () => {
    const page = async (query: string) =>
      (
        await server.api<{ items: { id: string; outcome: string }[]; nextCursor: string | null }>(
          'GET',
          `/invocations?${query}`,
        )
      ).body;
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const { items, nextCursor }: Awaited<ReturnType<typeof page>> = await page(
        `limit=3${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      ids.push(...items.map((item) => item.id));
      cursor = nextCursor;
    } while (cursor !== null);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort().reverse());
    const errors = await page('outcome=error&limit=500');
    expect(errors.items.length).toBeGreaterThanOrEqual(2);
    expect(errors.items.every((item) => item.outcome === 'error')).toBe(true);
  });
});
