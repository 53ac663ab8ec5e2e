import { expect, test, vi } from 'vitest';
import { keptLog } from '../testing/temp-dir.ts';
import { WorkerClient } from './worker-client.ts';

const url = new URL('../testing/crashing-worker.ts', import.meta.url);

test('calls are answered with the value or with the code the failure stands for', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  expect(await client.call('echo', [{ a: 1 }])).toEqual({ a: 1 });
  await expect(client.call('throw', [])).rejects.toMatchObject({ code: 'storage_full' });
  await client.close();
});

test('a worker that dies fails the calls in flight with storage_unavailable, is started again and then serves', async () => {
  const log = keptLog();
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log });
  const calls = [client.call('die', []), client.call('echo', [1])];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'storage_unavailable' });
  await expect(client.call('echo', [1])).rejects.toMatchObject({ code: 'storage_unavailable' });
  await vi.waitFor(async () => expect(await client.call('echo', [2])).toBe(2), { timeout: 10_000, interval: 20 });
  expect(log.lines).toEqual(['a store worker ended']);
  await client.close();
});

test('a call that gets no answer is given up at its deadline, and what comes later harms nobody', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  await expect(client.call('hang', [], 50)).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await client.call('echo', [3])).toBe(3);
  await client.close();
});

test('a call that waited beyond its deadline is not worked on', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const blocking = client.call('block', [500], 10);
  const late = client.call('note', ['late'], 20);
  for (const call of [blocking, late]) await expect(call).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await client.call('noted', [])).toEqual([]);
  await client.close();
});

test('calls in flight are bounded: one too many is refused at once', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const hanging = Array.from({ length: 1_000 }, () => client.call('hang', [], 300));
  await expect(client.call('echo', [1])).rejects.toMatchObject({ code: 'storage_unavailable' });
  const results = await Promise.allSettled(hanging);
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  await client.close();
});

test('closing while it restarts, and closing twice, leaves nothing running', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  await expect(client.call('die', [])).rejects.toMatchObject({ code: 'storage_unavailable' });
  await client.close();
  await client.close();
  await expect(client.call('echo', [1])).rejects.toMatchObject({ code: 'storage_unavailable' });
});
