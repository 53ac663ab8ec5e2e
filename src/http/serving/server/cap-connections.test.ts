import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { exchange, repliesOf, until } from '../../testing/raw-http.ts';
import { capConnections } from './cap-connections.ts';

it('turns connections away at the bound, says so once, and serves again as soon as idle ones are gone', async () => {
  const warnings: object[] = [];
  const log = { debug() {}, error() {}, info() {}, warn: (context: object) => warnings.push(context) };
  const server = createServer((_req, res) => res.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  capConnections(server, 2, 'console', log);
  const { port } = server.address() as AddressInfo;
  const idle = [0, 1].map(() => connect(port, '127.0.0.1').on('error', () => {}));
  for (const socket of idle) socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await Promise.all(idle.map((socket) => once(socket, 'data')));
  const ask = () => exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n').catch(() => '');
  expect(await ask()).toBe('');
  expect(await ask()).not.toBeNull();
  await until(() => idle.every((socket) => socket.readableEnded || socket.destroyed));
  expect(repliesOf(await ask())[0]?.status).toBe(200);
  expect(warnings).toEqual([{ listener: 'console', connectionsMax: 2, turnedAway: 1 }]);
  server.closeAllConnections();
  server.close();
});
