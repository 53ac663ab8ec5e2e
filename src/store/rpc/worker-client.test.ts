import { expect, test, vi } from 'vitest';
import { type Asker, AskerLeft } from '../../domain/asker.ts';
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
  await expect(client.call('hang', [], { deadlineMs: 50 })).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await client.call('echo', [3])).toBe(3);
  await client.close();
});

test('a call that waited beyond its deadline is not worked on', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const blocking = client.call('block', [500], { deadlineMs: 10 });
  const late = client.call('note', ['late'], { deadlineMs: 20 });
  for (const call of [blocking, late]) await expect(call).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await client.call('noted', [])).toEqual([]);
  await client.close();
});

test('calls in flight are bounded: one too many is refused at once', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const hanging = Array.from({ length: 1_000 }, () => client.call('hang', [], { deadlineMs: 300 }));
  await expect(client.call('echo', [1])).rejects.toMatchObject({ code: 'storage_unavailable' });
  const results = await Promise.allSettled(hanging);
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  await client.close();
});

test('askers take turns: one with many calls lets another’s pass between them', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const blocking = client.call('block', [200], { deadlineMs: 10_000 });
  blocking.catch(() => undefined);
  const many = Array.from({ length: 20 }, (_, number) => client.call('note', [number], asked('many')));
  const one = client.call('note', ['one'], asked('one'));
  await Promise.all([...many, one]);
  const noted = (await client.call('noted', [])) as unknown[];
  expect(noted).toHaveLength(21);
  expect(noted.indexOf('one')).toBeLessThanOrEqual(1);
  await client.close();
  await expect(blocking).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test('what an asker who has left asked is not begun, and ends where it runs already', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const leaving = new AbortController();
  const asker = { caller: 'leaves', signal: leaving.signal };
  const hasBegun = new Int32Array(new SharedArrayBuffer(4));
  const calls = [client.call('search', [hasBegun], { asker }), client.call('note', ['waited'], { asker })];
  await vi.waitFor(() => expect(Atomics.load(hasBegun, 0)).toBe(1), { timeout: 10_000, interval: 5 });
  leaving.abort();
  for (const call of calls) await expect(call).rejects.toBeInstanceOf(AskerLeft);
  await expect(client.call('note', ['later'], { asker })).rejects.toBeInstanceOf(AskerLeft);
  // The worker is free again, which it would not be while the search went on.
  expect(await client.call('noted', [])).toEqual([]);
  await client.close();
});

test('one asker has a share of the calls in flight, which is free again as they end', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  const leaving = new AbortController();
  const greedy = { caller: 'greedy', signal: leaving.signal };
  const hanging = Array.from({ length: 100 }, () => client.call('hang', [], { asker: greedy }));
  await expect(client.call('echo', [1], { asker: greedy })).rejects.toMatchObject({ code: 'overloaded' });
  expect(await client.call('echo', [2], asked('other'))).toBe(2);
  leaving.abort();
  for (const call of hanging) await expect(call).rejects.toBeInstanceOf(AskerLeft);
  expect(await client.call('echo', [3], asked('greedy'))).toBe(3);
  await client.close();
});

test('closing while it restarts, and closing twice, leaves nothing running', async () => {
  const client = await WorkerClient.open({ name: 'test', url, workerData: {}, log: keptLog() });
  await expect(client.call('die', [])).rejects.toMatchObject({ code: 'storage_unavailable' });
  await client.close();
  await client.close();
  await expect(client.call('echo', [1])).rejects.toMatchObject({ code: 'storage_unavailable' });
});

function asked(caller: string): { asker: Asker } {
  return { asker: { caller, signal: new AbortController().signal } };
}
