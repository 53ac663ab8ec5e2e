import { describe, expect, it } from 'vitest';
import { consoleBed } from '../../testing/console-bed.ts';

const bed = consoleBed();
const OF_HELLO = '/api/v1/functions/hello/comparisons';

describe('comparisons', () => {
  it('one is accepted with its place, its event as it was sent; a second is refused', async () => {
    const reply = await bed.send('POST', OF_HELLO, '{"count": 2, "isolations": ["docker"], "event": {"n": 1.0}}');
    expect([reply.status, reply.headers.location]).toEqual([202, '/api/v1/comparisons/c1']);
    expect(reply.json).toMatchObject({ id: 'c1', state: 'running', callsTotal: 6 });
    expect(reply.json.workspaceId).toBeUndefined();
    const [started] = bed.deps.comparisons.started;
    expect(started).toMatchObject({ count: 2, isolations: ['docker'] });
    expect(Buffer.from(started?.event ?? []).toString()).toBe('{"n": 1.0}');
    expect((await bed.send('POST', OF_HELLO, {})).json.code).toBe('comparison_running');
  });

  it('is read as JSON or, when asked by format or Accept, as CSV', async () => {
    const json = await bed.send('GET', '/api/v1/comparisons/c1');
    expect(json.json.isolations[1].starts[0]).toMatchObject({ start: 'cold', p99Ms: 20.25, cpuMs: null });
    const csv = await bed.send('GET', '/api/v1/comparisons/c1?format=csv');
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.headers['content-disposition']).toBe('attachment; filename="comparison-hello-2026-01-01.csv"');
    expect(csv.text.split('\r\n')).toEqual([
      'comparison,function,runtime,isolation,state,start,calls,failed,p50Ms,p95Ms,p99Ms,cpuMs,maxMemoryMib,reason',
      'c1,hello,nodejs24,process,skipped,,,,,,,,,"It fences nothing, ""so"" it is skipped."',
      'c1,hello,nodejs24,bubblewrap,running,cold,2,0,12.5,20,20.25,,31.2,',
      '',
    ]);
    const accepted = await bed.send('GET', '/api/v1/comparisons/c1', undefined, { accept: 'text/csv' });
    expect(accepted.text).toBe(csv.text);
    const both = await bed.send('GET', '/api/v1/comparisons/c1', undefined, { accept: 'application/json, text/csv' });
    expect(both.json.id).toBe('c1');
  });

  it('is cancelled once; those that ended or never were are told apart', async () => {
    expect((await bed.send('POST', '/api/v1/comparisons/c1/cancel')).status).toBe(202);
    expect((await bed.send('POST', '/api/v1/comparisons/c1/cancel')).json.code).toBe('comparison_finished');
    expect((await bed.send('POST', '/api/v1/comparisons/none/cancel')).json.code).toBe('comparison_not_found');
    expect((await bed.send('GET', '/api/v1/comparisons/none')).json.code).toBe('comparison_not_found');
  });

  it('is listed with its function, newest first', async () => {
    expect((await bed.send('POST', OF_HELLO, {})).status).toBe(202);
    const page = await bed.send('GET', OF_HELLO);
    expect(page.json.items.map((one: { id: string }) => one.id)).toEqual(['c2', 'c1']);
    expect((await bed.send('GET', '/api/v1/functions/absent/comparisons')).status).toBe(404);
  });

  it.each([
    [{ count: 0 }, '/count'],
    [{ count: 101 }, '/count'],
    [{ timeLimitMs: 1 }, '/timeLimitMs'],
    [{ isolations: [] }, '/isolations'],
    [{ isolations: 'docker' }, '/isolations'],
    [{ isolation: 'docker' }, '/isolation'],
  ])('%j is refused, the field named', async (body, path) => {
    const { status, json } = await bed.send('POST', OF_HELLO, body);
    expect([status, json.code, json.errors[0].path]).toEqual([400, 'invalid_request', path]);
  });

  it('takes who may deploy; reading takes who may read', async () => {
    for (const key of ['read-key', 'invoke-key'])
      expect((await bed.send('POST', OF_HELLO, {}, {}, key)).json.code).toBe('forbidden');
    expect((await bed.send('POST', '/api/v1/comparisons/c2/cancel', undefined, {}, 'read-key')).status).toBe(403);
    expect((await bed.send('GET', '/api/v1/comparisons/c2', undefined, {}, 'read-key')).status).toBe(200);
  });
});
