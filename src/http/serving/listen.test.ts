import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { listen } from './listen.ts';
import { closeGracefully } from './server/close-gracefully.ts';
import { portHolder } from './server/port-holder.ts';

const servers: Server[] = [];

function server(): Server {
  const made = createServer((_req, res) => res.end('ok'));
  servers.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => new Promise((resolve) => one.close(resolve))));
});

async function taken(): Promise<number> {
  const other = server();
  return listen(other, { host: '127.0.0.1', port: 0, isExplicit: true, holderOf: portHolder });
}

it('a default port in use moves to the next free one and says so', async () => {
  const port = await taken();
  const moved: number[] = [];
  const one = server();
  const bound = await listen(one, {
    host: '127.0.0.1',
    port,
    isExplicit: false,
    holderOf: portHolder,
    onMoved: (from, to) => moved.push(from, to),
  });
  expect(bound).toBeGreaterThan(port);
  expect(moved).toEqual([port, bound]);
  expect((one.address() as AddressInfo).port).toBe(bound);
});

it('an explicit port in use fails with port_in_use, naming the holder', async () => {
  const port = await taken();
  const failure = listen(server(), { host: '127.0.0.1', port, isExplicit: true, holderOf: portHolder });
  await expect(failure).rejects.toMatchObject({
    code: 'port_in_use',
    publicMessage: expect.stringContaining(`${port}`),
  });
  await expect(failure).rejects.toMatchObject({ publicMessage: expect.stringContaining(`pid ${process.pid}`) });
});

it('an address that is not ours is invalid_config', async () => {
  const failure = listen(server(), { host: '192.0.2.1', port: 0, isExplicit: true, holderOf: () => null });
  await expect(failure).rejects.toMatchObject({ code: 'invalid_config' });
});

it('a graceful close lets a request in flight finish and cuts one that outstays its time', async () => {
  let finish = (): void => {};
  const slow = createServer((req, res) => {
    if (req.url === '/finishes') finish = () => res.end('whole');
  });
  const port = await listen(slow, { host: '127.0.0.1', port: 0, isExplicit: true, holderOf: () => null });
  const finishes = fetch(`http://127.0.0.1:${port}/finishes`).then((reply) => reply.text());
  const stays = fetch(`http://127.0.0.1:${port}/stays`).then(
    () => 'answered',
    () => 'cut',
  );
  while ((await connections(slow)) < 2) await new Promise((resolve) => setImmediate(resolve));
  const closed = closeGracefully(slow, 300);
  finish();
  expect(await finishes).toBe('whole');
  await closed;
  expect(await stays).toBe('cut');
});

function connections(one: Server): Promise<number> {
  return new Promise((resolve) => one.getConnections((_error, count) => resolve(count)));
}
