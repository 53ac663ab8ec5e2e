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
      60_000,
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

  it('tell of all functions at once what a list shows of each', async () => {
    interface Activity {
      functionName: string;
      invocations: number;
      callsPerMinute: number;
      errorRate: number | null;
      p95Ms: number | null;
      lastOutcome: string | null;
      sparkline: number[];
    }
    await server.deploy('never-called', 'nodejs', fixture('echo', 'nodejs'));
    const { body } = await server.api<{ items: Activity[]; stepMs: number }>('GET', '/metrics/functions?window=1h');
    const of = (name: string) => body.items.find((item) => item.functionName === name);
    expect(of('counted')).toMatchObject({ invocations: 5, errorRate: 0, lastOutcome: 'ok' });
    expect(of('failing')).toMatchObject({ invocations: 2, errorRate: 1, lastOutcome: 'error' });
    expect(of('never-called')).toBeUndefined();
    expect(of('counted')?.sparkline.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(of('counted')?.sparkline.length).toBeLessThanOrEqual(32);
    expect(of('counted')?.p95Ms).toBeGreaterThan(0);
    expect(of('counted')?.callsPerMinute).toBeGreaterThan(0);
    const week = await server.api<{ items: Activity[]; stepMs: number }>('GET', '/metrics/functions?window=7d');
    expect(week.body.items.find((item) => item.functionName === 'counted')?.invocations).toBe(5);
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

  it('are filtered by how serious they are, as they say themselves or by their stream, also when followed', async () => {
    const source = `export const handler = async () => {
  console.log('plain');
  console.error('to stderr');
  console.log('2026-01-01 WARN slow');
  console.log(JSON.stringify({ level: 'debug', msg: 'detail' }));
};`;
    await server.deploy('levels', 'nodejs', source);
    type Line = { text: string; level: string };
    const isWarnings = ({ data }: { data: Line }) => data.text.includes('WARN');
    await using follow = await EventStream.open<Line>(server, '/functions/levels/logs?follow=true&level=warn');
    await server.record((await server.invoke('levels')).headers.get('coldframe-invocation-id') ?? '');
    await follow.first('the warning', isWarnings);
    const { body } = await server.api<{ items: { text: string; level: string }[] }>('GET', '/functions/levels/logs');
    expect(body.items.map((line) => line.level).sort()).toEqual(['debug', 'error', 'info', 'warn']);
    const warned = await server.api<{ items: { text: string }[] }>('GET', '/functions/levels/logs?level=warn');
    expect(warned.body.items.map((line) => line.text).sort()).toEqual(['2026-01-01 WARN slow', 'to stderr']);
    expect(follow.events.map(({ data }) => data.level).sort()).toEqual(['error', 'warn']);
  });

  it('followed, show what was and then each new line; the live feed resumes from an id', async () => {
    const source = `export const handler = async (event) => { console.log('line', event.n); };`;
    await server.deploy('followed', 'nodejs', source);
    await server.record((await server.invoke('followed', { n: 1 })).headers.get('coldframe-invocation-id') ?? '');
    const text = (event: { data: { text: string } }): string => event.data.text;
    await using follow = await EventStream.open<{ text: string }>(server, '/functions/followed/logs?follow=true');
    await follow.first('the old line', (event) => event.event === 'log' && text(event) === 'line 1');
    await server.invoke('followed', { n: 2 });
    const second = await follow.first('the new line', (event) => event.event === 'log' && text(event) === 'line 2');
    await server.invoke('followed', { n: 3 });
    await using resumed = await EventStream.open<{ text: string }>(server, '/functions/followed/logs?follow=true', {
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
    type Told = { kind: string; invocation: { id: string } };
    await using live = await EventStream.open<Told>(server, '/live?topics=invocations,pool,host&function=watched');
    const reply = await server.invoke('watched', 1);
    const id = reply.headers.get('coldframe-invocation-id');
    const finished = await live.first('the invocation', ({ event, data }) => {
      if (event !== 'invocations') return false;
      return data.kind === 'finished' && data.invocation.id === id;
    });
    expect(JSON.stringify(finished.data)).not.toContain('workspaceId');
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

  it.each(FIXTURE_LANGUAGES)(
    'that failed in %s are grouped by error type and top frame, with its file and line',
    async (language) => {
      const name = `grouped-${language}`;
      await server.deploy(name, language, fixture('throws', language), { capture: 'all' });
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) {
        const id = (await server.invoke(name)).headers.get('coldframe-invocation-id') ?? '';
        ids.push(id);
        await server.record(id);
      }
      interface Group {
        errorType: string;
        count: number;
        firstAt: string;
        lastAt: string;
        lastInvocationId: string;
        topFrame: { text: string; file: string; line: number } | null;
      }
      let groups: Group[] = [];
      await server.until(
        'the stored failures',
        async () => {
          ({ groups } = (await server.api<{ groups: Group[] }>('GET', `/functions/${name}/errors`)).body);
          return groups[0]?.count === 3;
        },
        60_000,
      );
      expect(groups).toHaveLength(1);
      expect(groups[0]?.lastInvocationId).toBe(ids[2]);
      expect(groups[0]!.firstAt <= groups[0]!.lastAt).toBe(true);
      expect(groups[0]?.topFrame?.file).toMatch(/^index\./);
      const { attempts } = await server.record(ids[0]!);
      expect(attempts[0]?.error?.stackTrace).toContain(groups[0]?.topFrame?.text);
      const source = fixture('throws', language).split('\n')[groups[0]!.topFrame!.line - 1];
      expect(source).toMatch(/throw|raise/);
      const before = await server.api<{ groups: Group[] }>('GET', `/functions/${name}/errors?to=2020-01-01T00:00:00Z`);
      expect(before.body.groups).toEqual([]);
    },
  );

  it('are replayed with the very event that was captured, as a record of their own', async () => {
    await server.deploy('replayed', 'nodejs', fixture('echo', 'nodejs'), { capture: 'all' });
    const first = await server.invoke('replayed', '{"n": 1.0}');
    const id = first.headers.get('coldframe-invocation-id') ?? '';
    expect((await server.record(id)).event).toBe('{"n": 1.0}');
    const again = await server.api<{ invocation: { id: string } }>('POST', `/invocations/${id}/replay`);
    expect([again.status, again.text]).toEqual([200, expect.stringContaining('"result":{"n":1}')]);
    const record = await server.record(again.headers.get('location')?.split('/').at(-1) ?? '');
    expect(record).toMatchObject({ trigger: 'replay', outcome: 'ok', functionName: 'replayed', event: '{"n": 1.0}' });
    expect(record.id).not.toBe(id);
  });

  it('are filtered by function, state, outcome, start and time, all together and page by page', async () => {
    const list = async (query: Record<string, string>) =>
      (
        await server.api<{
          items: { id: string; startedAt: string; functionName: string }[];
          nextCursor: string | null;
        }>('GET', `/invocations?${new URLSearchParams(query)}`)
      ).body;
    const all = (await list({ function: 'counted', limit: '500' })).items;
    expect(all).toHaveLength(5);
    const third = all[2]!;
    const filters = { function: 'counted', state: 'finished', outcome: 'ok', start: 'warm' };
    const older = await list({ ...filters, to: third.startedAt, limit: '500' });
    expect(older.items.every((item) => item.functionName === 'counted' && item.startedAt < third.startedAt)).toBe(true);
    const newer = await list({ ...filters, from: third.startedAt, limit: '1' });
    const rest = await list({ ...filters, from: third.startedAt, limit: '1', cursor: newer.nextCursor ?? '' });
    expect([newer.items[0]?.id, rest.items[0]?.id]).toEqual([all[0]!.id, all[1]!.id]);
    expect((await list({ ...filters, outcome: 'timeout' })).items).toEqual([]);
  });
});
