import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LiveEntry } from '../../../records/live/live-feed.ts';
import { type ConsoleServer, createConsoleServer } from '../../console-server.ts';
import { fakeDeps } from '../../testing/fake-deps.ts';
import { exchange, until } from '../../testing/raw-http.ts';
import { record } from '../../testing/samples.ts';

const deps = fakeDeps();
deps.config.heartbeatMs = 20;
let http: ConsoleServer;
let port: number;

beforeAll(async () => {
  http = await createConsoleServer(deps);
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  port = (http.server.address() as AddressInfo).port;
});
beforeEach(() => {
  deps.live.gap = false;
  deps.goneCallers.clear();
});
afterAll(() => http.close(1_000));

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer read-key\r\n${headers}\r\n`;
}

function entry(id: number): LiveEntry {
  const event = { topic: 'invocations' as const, kind: 'finished' as const, record: record('i1', 'hello') };
  return { id, event, json: () => JSON.stringify(event) };
}

it('sends events with ids and without the workspace, between heartbeats', async () => {
  const reading = exchange(
    port,
    get('/api/v1/live?topics=invocations,pool'),
    (text) => text.includes('i1') && text.includes('\n:\n'),
  );
  await until(() => deps.live.listeners.size === 1);
  deps.live.publish(entry(7));
  const text = await reading;
  expect(text).toContain('content-type: text/event-stream');
  expect(text).toMatch(/id: 7\nevent: invocations\ndata: \{"kind":"finished","invocation":\{"id":"i1"/);
  expect(text).not.toContain('workspaceId');
  await until(() => deps.live.listeners.size === 0);
});

it('activity counts what finishes, in a few events however many calls there are, and sends no call', async () => {
  const reading = exchange(port, get('/api/v1/live?topics=activity'), (text) => text.includes('"finished":300'));
  await until(() => deps.live.listeners.size === 1);
  for (let id = 1; id <= 300; id++) deps.live.publish(entry(id));
  const text = await reading;
  expect(text).toContain('id: 300\nevent: activity\ndata: {"finished":300,"failed":0}');
  expect(text).not.toContain('i1');
  await until(() => deps.live.listeners.size === 0);
});

it('Last-Event-ID resumes from there, with one gap when events were lost', async () => {
  deps.live.gap = true;
  const text = await exchange(port, get('/api/v1/live', 'last-event-id: 4\r\n'), (all) => all.includes('gap'));
  expect(text).toContain('event: gap\ndata: {"fromId":5,"toId":9}');
  const wrong = await exchange(port, get('/api/v1/live', 'last-event-id: x\r\nconnection: close\r\n'));
  expect(wrong).toMatch(/^HTTP\/1.1 400 /);
});

it('a stream ends at once when it is told that its key has gone, and at a heartbeat when the key has expired', async () => {
  for (const isTold of [true, false]) {
    const reading = exchange(port, get('/api/v1/live'), (text) => /\n0\r?\n\r?\n$/.test(text));
    await until(() => deps.live.listeners.size === 1);
    deps.goneCallers.add('k-read');
    if (isTold) deps.endAll();
    expect(await reading).toContain('text/event-stream');
    await until(() => deps.live.listeners.size === 0);
    deps.goneCallers.clear();
  }
});

it('one key opens a fifth of the streams; then it is told so, and others still open theirs', async () => {
  const sockets = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => {}).write(get('/api/v1/live'));
  await until(() => deps.live.listeners.size === 40);
  const refused = await exchange(port, get('/api/v1/live', 'connection: close\r\n'));
  expect(refused).toMatch(/^HTTP\/1.1 429 /);
  expect(refused).toContain('its share of 200');
  const other = get('/api/v1/live').replace('read-key', 'admin-key');
  expect(await exchange(port, other, (text) => text.includes(':ok'))).toMatch(/^HTTP\/1.1 200 /);
  for (const socket of sockets) socket.destroy();
  await until(() => deps.live.listeners.size === 0);
});

it('a client that leaves while its stored lines are read leaves no listener behind', async () => {
  let read = (): void => {};
  const isRead = new Promise<void>((resolve) => {
    read = resolve;
  });
  let asked = 0;
  deps.records.logs = async () => {
    asked++;
    await isRead;
    return { items: [], nextCursor: null };
  };
  const closes = new Promise<void>((resolve) => http.server.once('request', (_req, res) => res.once('close', resolve)));
  const socket = connect(port, '127.0.0.1');
  socket.write(get('/api/v1/functions/hello/logs?follow=true'));
  await until(() => asked === 1);
  socket.destroy();
  await closes;
  read();
  await new Promise((resolve) => setImmediate(resolve));
  expect(deps.live.listeners.size).toBe(0);
});

it('refuses unknown topics and functions before the stream begins', async () => {
  const topics = await exchange(port, get('/api/v1/live?topics=all', 'connection: close\r\n'));
  expect(topics).toMatch(/^HTTP\/1.1 400 /);
  const absent = await exchange(port, get('/api/v1/live?function=absent', 'connection: close\r\n'));
  expect(absent).toMatch(/^HTTP\/1.1 404 /);
  expect(deps.live.listeners.size).toBe(0);
});

it('I10: a reader that does not read is dropped', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(get('/api/v1/live'));
  await until(() => deps.live.listeners.size === 1);
  const large = entry(1);
  (large.event as { record: { functionName: string } }).record.functionName = 'x'.repeat(100_000);
  await until(() => {
    for (let round = 0; round < 10; round++) deps.live.publish(large);
    return deps.live.listeners.size === 0;
  });
  socket.destroy();
});

it('logs follow: the newest stored lines oldest first, then each new line', async () => {
  const line = { functionId: 'id-hello', functionName: 'hello', invocationId: 'i1', stream: 'stdout' as const };
  const at = '2026-01-01T00:00:00.000Z';
  const items = [
    { ...line, id: '2', at, level: 'info' as const, text: 'second' },
    { ...line, id: '1', at, level: 'info' as const, text: 'first' },
  ];
  deps.records.logs = async () => ({ items, nextCursor: null });
  const reading = exchange(port, get('/api/v1/functions/hello/logs?follow=true&contains=i'), (text) =>
    text.includes('third'),
  );
  await until(() => deps.live.listeners.size === 1);
  const lines = [
    { at, stream: 'stderr' as const, text: 'no' },
    { at, stream: 'stdout' as const, text: 'the third' },
  ];
  const event = { ...line, topic: 'logs' as const, workspaceId: 'default', lines };
  deps.live.publish({ id: 9, event, json: () => '' });
  const texts = [...(await reading).matchAll(/"text":"([^"]+)"/g)].map((match) => match[1]);
  expect(texts).toEqual(['first', 'second', 'the third']);
});

it('a stopping server ends its event streams and waits for none', async () => {
  const own = fakeDeps();
  const other = await createConsoleServer(own);
  other.server.listen(0, '127.0.0.1');
  await once(other.server, 'listening');
  const reading = exchange((other.server.address() as AddressInfo).port, get('/api/v1/live'));
  await until(() => own.live.listeners.size === 1);
  await other.close(5_000);
  expect(await reading).toContain('text/event-stream');
  expect(own.live.listeners.size).toBe(0);
});
