import { describe, expect, it } from 'vitest';
import { consoleBed } from '../testing/console-bed.ts';
import { record } from '../testing/samples.ts';

const bed = consoleBed();

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

  it('cancels what runs, and tells finished from unknown', async () => {
    expect((await bed.send('POST', '/api/v1/invocations/running/cancel')).status).toBe(202);
    expect((await bed.send('POST', '/api/v1/invocations/kept/cancel')).json.code).toBe('invocation_finished');
    expect((await bed.send('POST', '/api/v1/invocations/none/cancel')).json.code).toBe('invocation_not_found');
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
