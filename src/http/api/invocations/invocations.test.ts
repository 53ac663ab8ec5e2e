import { describe, expect, it } from 'vitest';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import { exampleAttempt } from '../../../store/testing/example-record.ts';
import { consoleBed } from '../../testing/console-bed.ts';
import { record } from '../../testing/samples.ts';

const bed = consoleBed();

type GetFunction = typeof bed.deps.functions.get;

function absentUnless(known: string, get: GetFunction): GetFunction {
  return (workspaceId, name) => {
    if (name !== known) throw new ColdframeError('function_not_found');
    return get(workspaceId, name);
  };
}

describe('invocations, test events, try', () => {
  it('replays a captured event and refuses one that was not kept', async () => {
    bed.deps.records.byId.set('kept', { ...record('kept', 'hello'), event: '{"a":1.0}' });
    bed.deps.records.byId.set('bare', record('bare', 'hello'));
    const reply = await bed.send('POST', '/api/v1/invocations/kept/replay');
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('"result":{"a":1.0}');
    expect(bed.deps.requests.at(-1)?.trigger).toBe('replay');
    expect((await bed.send('POST', '/api/v1/invocations/bare/replay')).json.code).toBe('event_not_captured');
    expect((await bed.send('POST', '/api/v1/invocations/none/replay')).json.code).toBe('invocation_not_found');
  });

  it('a captured event goes to the function it was meant for, not to a later one of its name', async () => {
    bed.deps.records.byId.set('old', { ...record('old', 'hello'), functionId: 'deleted since', event: '{"secret":1}' });
    const before = bed.deps.requests.length;
    const reply = await bed.send('POST', '/api/v1/invocations/old/replay');
    expect([reply.status, reply.json.code]).toEqual([404, 'function_not_found']);
    expect(bed.deps.requests.length).toBe(before);
  });

  it('a key that may only invoke sees no logs of what it replays', async () => {
    const lines = [{ at: '2026-01-01T00:00:00.000Z', stream: 'stdout' as const, text: 'printed' }];
    bed.deps.records.byId.set('kept', { ...record('kept', 'hello'), event: '{}' });
    bed.deps.behaviours.set('hello', (_request, answer) =>
      answer({
        record: Promise.resolve({ ...record('again', 'hello'), attempts: [{ ...exampleAttempt(), logs: lines }] }),
      }),
    );
    const all = await bed.send('POST', '/api/v1/invocations/kept/replay');
    expect(JSON.stringify(all.json.invocation)).toContain('printed');
    const some = await bed.send('POST', '/api/v1/invocations/kept/replay', undefined, {}, 'invoke-key');
    expect([some.status, JSON.stringify(some.json.invocation).includes('printed')]).toEqual([200, false]);
    bed.deps.behaviours.delete('hello');
  });

  it('cancels what runs, and tells finished from unknown', async () => {
    expect((await bed.send('POST', '/api/v1/invocations/running/cancel')).status).toBe(202);
    expect((await bed.send('POST', '/api/v1/invocations/kept/cancel')).json.code).toBe('invocation_finished');
    expect((await bed.send('POST', '/api/v1/invocations/none/cancel')).json.code).toBe('invocation_not_found');
  });

  it('lists the records of a deleted function by its name or id, and refuses a name nobody ever had', async () => {
    const asked: object[] = [];
    const gone = record('of-gone', 'gone');
    const { list } = bed.deps.records;
    bed.deps.records.list = async (query) => {
      asked.push(query);
      return { items: query.functionName === 'gone' ? [gone] : [], nextCursor: null };
    };
    bed.deps.functions.get = absentUnless('hello', bed.deps.functions.get);
    const id = '0194f000-0000-7000-8000-000000000001';
    expect((await bed.send('GET', '/api/v1/invocations?function=gone&outcome=failed')).status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ functionName: 'gone', outcome: 'failed' });
    expect((await bed.send('GET', `/api/v1/invocations?function=${id}&tried=true`)).status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ functionId: id, tried: true });
    expect((await bed.send('GET', '/api/v1/invocations?function=never')).json.code).toBe('function_not_found');
    bed.deps.records.list = list;
  });

  it('keeps a test event exactly as it was sent', async () => {
    const url = '/api/v1/functions/hello/test-events/big';
    const event = '{"n": 12345678901234567890, "one": 1.0, "__proto__": {"x": 1}}';
    expect((await bed.send('PUT', url, event)).status).toBe(201);
    expect((await bed.send('PUT', url, event)).status).toBe(200);
    expect((await bed.send('GET', url)).text).toContain(`"event":${event}`);
    expect((await bed.send('PUT', url, '{"n":')).json.code).toBe('invalid_json');
    expect((await bed.send('DELETE', url)).status).toBe(204);
    expect((await bed.send('GET', url)).json.code).toBe('test_event_not_found');
  });

  it('try passes the event’s bytes on as they are and answers with record and result', async () => {
    const reply = await bed.send(
      'POST',
      '/api/v1/functions/hello/try',
      '{"event": {"n": 1.0, "__proto__": 1}, "code": {"source": "x"}}',
    );
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('"result":{"n": 1.0, "__proto__": 1}');
    expect(reply.json.invocation.functionName).toBe('hello');
    const unknown = await bed.send('POST', '/api/v1/functions/hello/try', { evnt: 1 });
    expect(unknown.json.errors[0].path).toBe('/evnt');
    expect((await bed.send('POST', '/api/v1/functions/hello/try', '{"event": {')).json.code).toBe('invalid_json');
  });

  it('try takes code as source, files or changes over the deployed code, and exactly one of them', async () => {
    for (const code of [{ source: 'x' }, { files: { 'a.js': 'x' } }, { changes: { 'a.js': null } }])
      expect((await bed.send('POST', '/api/v1/functions/hello/try', { code })).status).toBe(200);
    const both = await bed.send('POST', '/api/v1/functions/hello/try', { code: { source: 'x', changes: {} } });
    expect(both.json.errors).toMatchObject([{ path: '/code' }]);
  });

  it.each([
    ['streamed text', 'step 1\n', null, 'step 1\n'],
    ['a bare word, which would break the reply', 'hello', null, 'hello'],
    ['a member smuggled in', '1,"invocation":null', null, '1,"invocation":null'],
    ['JSON text', '"hello"', 'hello', null],
    ['nothing', '', null, ''],
    ['a large JSON value', JSON.stringify('x'.repeat(300_000)), 'x'.repeat(300_000), null],
  ])('what a handler sent is the result when it is JSON, else text: %s', async (_what, sent, result, resultText) => {
    bed.deps.records.byId.set('sends', { ...record('sends', 'sender'), event: '{}' });
    bed.deps.behaviours.set('sender', (_request, answer) => answer({ body: Buffer.from(sent) }));
    const reply = await bed.send('POST', '/api/v1/invocations/sends/replay');
    expect(reply.json).toMatchObject({ invocation: { functionName: 'sender' }, result, resultText });
  });

  it('metrics take a window and step, or from, to and stepMs, and refuse contradictions', async () => {
    const hour = await bed.send('GET', '/api/v1/metrics?window=1h&step=1m');
    expect(hour.json.stepMs).toBe(60_000);
    expect(Date.parse(hour.json.to) - Date.parse(hour.json.from)).toBe(3_600_000);
    expect((await bed.send('GET', '/api/v1/functions/hello/metrics')).status).toBe(200);
    for (const query of [
      'window=1h&from=2026-01-01T00:00:00Z',
      'window=x',
      'from=yesterday',
      'window=400d&step=1m',
      'step=1s',
    ]) {
      expect((await bed.send('GET', `/api/v1/metrics?${query}`)).json.code, query).toBe('invalid_request');
    }
  });
});
