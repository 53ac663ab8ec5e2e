import { Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { HostSampler } from '../records/live/host-sampler.ts';
import { LiveFeed } from '../records/live/live-feed.ts';
import type { LiveEvent } from '../records/records.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';

const OK = { outcome: 'ok' } as const;

function loggerLines() {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: createLogger({ level: 'info', destination, base: { instance: 'abc' } }) };
}

test('a log line is JSON with level, time and message, and a level below the set one is not written', () => {
  const { lines, log } = loggerLines();
  log.debug({}, 'quiet');
  log.warn({ port: 1 }, 'loud');
  expect(lines).toHaveLength(1);
  const line = JSON.parse(lines[0]!);
  expect(line).toMatchObject({ level: 40, instance: 'abc', port: 1, msg: 'loud' });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test('secrets are blanked in the log, at the top and inside', () => {
  const { lines, log } = loggerLines();
  log.error(
    {
      token: 's3cret',
      env: { A: 's3cret' },
      request: { headers: { authorization: 's3cret', 'set-cookie': 's3cret' } },
    },
    'x',
  );
  log.error({ key: { secret: 's3cret' }, headers: { cookie: 's3cret' } }, 'x');
  expect(lines.join()).not.toContain('s3cret');
  expect(lines.join()).toContain('[redacted]');
});

test('calls show up in Prometheus with their labels, durations and refusals', async () => {
  const metrics = createMetrics();
  for (let turn = 0; turn < 3; turn++) {
    metrics.calls.ended({ isolation: 'docker', start: 'warm', outcome: 'ok', durationMs: 3, attempts: [OK] });
  }
  metrics.calls.ended({ isolation: null, start: null, outcome: 'cancelled', durationMs: null, attempts: [] });
  metrics.calls.refused({ isolation: 'gvisor', outcome: 'throttled' });
  const { body, contentType } = await metrics.prometheus();
  expect(contentType).toContain('text/plain');
  expect(body).toContain('coldframe_invocations_total{isolation="docker",start="warm",outcome="ok"} 3');
  expect(body).toContain('coldframe_invocations_total{isolation="none",start="none",outcome="cancelled"} 1');
  expect(body).toContain('coldframe_refused_total{isolation="gvisor",outcome="throttled"} 1');
  expect(body).toContain('coldframe_invocation_duration_seconds_bucket{isolation="docker",start="warm",le="0.002"} 0');
  expect(body).toContain('coldframe_invocation_duration_seconds_bucket{isolation="docker",start="warm",le="0.005"} 3');
  expect(body).toContain('coldframe_invocation_duration_seconds_count{isolation="docker",start="warm"} 3');
  expect(body).toContain('# TYPE coldframe_invocation_duration_seconds histogram');
  expect(body).toMatch(/process_resident_memory_bytes \d/);
  expect(body).toMatch(/nodejs_eventloop_lag_p99_seconds/);
  expect((await metrics.prometheus()).body).toContain(
    'coldframe_invocations_total{isolation="docker",start="warm",outcome="ok"} 3',
  );
});

test('an invocation that is tried again counts once, at its end, and each of its attempts by itself', async () => {
  const metrics = createMetrics();
  const where = { isolation: 'docker', start: 'warm' } as const;
  metrics.calls.ended({ ...where, outcome: null, durationMs: null, attempts: [{ outcome: 'timeout' }] });
  metrics.calls.ended({ ...where, outcome: 'ok', durationMs: 3, attempts: [{ outcome: 'timeout' }, OK] });
  const { body } = await metrics.prometheus();
  const samples = body.split('\n').filter((line) => /^coldframe_(invocations|attempts)_total/.test(line));
  expect(samples).toEqual([
    'coldframe_invocations_total{isolation="docker",start="warm",outcome="ok"} 1',
    'coldframe_attempts_total{isolation="docker",start="warm",outcome="ok"} 1',
    'coldframe_attempts_total{isolation="docker",start="warm",outcome="timeout"} 1',
  ]);
  expect(body).toContain('coldframe_invocation_duration_seconds_count{isolation="docker",start="warm"} 1');
});

test('gauges are read when asked for, and a store that does not answer takes nothing else down', async () => {
  const metrics = createMetrics();
  let inFlight = 4;
  metrics.connect({
    inFlight: () => inFlight,
    pool: () => ({
      byIsolation: { docker: { ready: 2, bound: 1, busy: 0, creating: 0 } },
      queued: 7,
      idleMib: 128,
      idleBudgetMib: 512,
    }),
    records: () => ({ queued: 1, queuedBytes: 2, running: 3, lost: 0 }),
    storeBytes: () => Promise.reject(new Error('unavailable')),
    liveListeners: () => 0,
    stuckSandboxes: () => [{ isolation: 'docker' }, { isolation: 'docker' }],
  });
  const { body } = await metrics.prometheus();
  expect(body).toContain('coldframe_invocations_in_flight 4');
  expect(body).toContain('coldframe_pool_sandboxes{isolation="docker",state="ready"} 2');
  expect(body).toContain('coldframe_pool_queue_depth 7');
  expect(body).toContain('coldframe_sandboxes_stuck{isolation="docker"} 2');
  expect(body).toContain('coldframe_sandboxes_stuck{isolation="gvisor"} 0');
  expect(body).not.toContain('coldframe_store_bytes{');
  inFlight = 5;
  expect((await metrics.prometheus()).body).toContain('coldframe_invocations_in_flight 5');
});

test('the host is sampled only while somebody listens', async () => {
  const feed = new LiveFeed(1);
  const sampler = new HostSampler(feed);
  expect(sampler.isSampling).toBe(false);
  const seen: LiveEvent[] = [];
  const end = feed.subscribe(
    { topics: new Set(['host'] as const), afterId: null },
    ({ event }) => seen.push(event),
    () => {},
  );
  expect(sampler.isSampling).toBe(true);
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), { timeout: 5_000 });
  const sample = await sampler.sample();
  expect(sample.memoryAvailableMib).toBeGreaterThan(0);
  expect(sample.memoryTotalMib).toBeGreaterThanOrEqual(sample.memoryAvailableMib);
  if (sample.cpuShare !== null) expect(sample.cpuShare).toBeLessThanOrEqual(1);
  end?.();
  expect(sampler.isSampling).toBe(false);
  sampler.stop();
});
