import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { setInterval } from 'node:timers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture } from '../support/fixture.ts';
import { PREPARE_TIMEOUT_MS } from '../support/require-isolation.ts';
import { ADMIN_KEY, TestServer } from '../support/test-server.ts';

const MIB = 1024 * 1024;
/** Together far beyond the budget of 256 MiB for bodies in flight. */
const LARGE_CALLERS = 120;
const LARGE_BYTES = 6 * MIB - 1024;
/** The budget, and as much again for what sockets and collector have not given back yet. */
const GROWTH_MAX_MIB = 512;
const BURST = 500;
const SAMPLE_EVERY_MS = 20;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ env: { COLDFRAME_ISOLATION: 'process' } });
  await server.deploy('slow', 'nodejs', fixture('slow', 'nodejs'), {
    isolation: 'process',
    timeoutMs: 20_000,
    maxConcurrency: 4,
    memoryMib: 256,
  });
  await server.invoke('slow', { ms: 1 });
}, PREPARE_TIMEOUT_MS);
afterAll(() => server.stop());

function residentMib(): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** Sends one shared buffer, so that the test itself stays small. */
function post(body: Buffer): Promise<{ status: number; code: string | null }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}/api/v1/functions/slow/invoke`,
      {
        method: 'POST',
        agent: false,
        headers: {
          authorization: `Bearer ${ADMIN_KEY}`,
          'content-type': 'application/json',
          'content-length': body.length,
        },
      },
      (reply) => {
        let text = '';
        reply.on('data', (chunk: Buffer) => (text += chunk.toString()));
        reply.on('end', () => {
          const code = reply.statusCode === 200 ? null : (JSON.parse(text) as { code: string }).code;
          resolve({ status: reply.statusCode ?? 0, code });
        });
        reply.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

it('I10: a flood of the largest events is answered or refused with 429, and the server’s memory stays bounded', {
  timeout: PREPARE_TIMEOUT_MS,
}, async () => {
  const body = Buffer.from(JSON.stringify({ ms: 200, filler: 'x'.repeat(LARGE_BYTES) }));
  const beforeMib = residentMib();
  let peakMib = beforeMib;
  const sampler = setInterval(() => (peakMib = Math.max(peakMib, residentMib())), SAMPLE_EVERY_MS);
  const replies = await Promise.all(Array.from({ length: LARGE_CALLERS }, () => post(body)));
  clearInterval(sampler);
  const counts = Object.groupBy(replies, (one) => `${one.status} ${one.code ?? ''}`.trim());
  expect(Object.keys(counts).filter((one) => !['200', '429 overloaded', '429 throttled'].includes(one))).toEqual([]);
  expect(counts['200']?.length ?? 0).toBeGreaterThan(10);
  expect(counts['429 overloaded']?.length ?? 0).toBeGreaterThan(10);
  expect(peakMib - beforeMib).toBeLessThan(GROWTH_MAX_MIB);
  expect((await server.invoke('slow', { ms: 1 })).status).toBe(200);
});

it(`I10: a burst of ${BURST} callers breaks no connection: each is answered, or refused with 429`, {
  timeout: PREPARE_TIMEOUT_MS,
}, async () => {
  const body = Buffer.from('{"ms":20}');
  const replies = await Promise.all(Array.from({ length: BURST }, () => post(body)));
  const counts = Object.groupBy(replies, (one) => `${one.status} ${one.code ?? ''}`.trim());
  expect(Object.keys(counts).filter((one) => !['200', '429 overloaded', '429 throttled'].includes(one))).toEqual([]);
  expect(counts['200']?.length ?? 0).toBeGreaterThan(100);
  expect((await server.invoke('slow', { ms: 1 })).status).toBe(200);
});
