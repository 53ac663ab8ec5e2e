import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleServer, createConsoleServer } from './console-server.ts';
import { fakeDeps } from './testing/fake-deps.ts';
import { functionUrlBed, OPEN, returns } from './testing/function-url-bed.ts';
import { failures, OddRequests, routesOf } from './testing/odd-requests.ts';

const http: ConsoleServer = await createConsoleServer(fakeDeps());
const routes = routesOf((await http.app.inject('/api/v1/openapi.json')).json().paths);
const odd = new OddRequests('admin-key');
const KINDS = ['segments', 'methods', 'headers', 'queries', 'bodies'];

let port: number;
beforeAll(async () => {
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  port = (http.server.address() as AddressInfo).port;
});
afterAll(() => http.close(1_000));

describe.each(routes)('I7: $method $path', (route) => {
  it.each(KINDS)('no oddity of %s makes it fail', async (kind) => {
    expect(await failures(port, odd.of(route)[kind] ?? [])).toEqual([]);
  });
});

describe('I7: the listener of functions', () => {
  const bed = functionUrlBed();

  it('does not fail by any path, method or header', async () => {
    bed.add('event', OPEN, returns('{}'));
    expect(await failures(bed.port, odd.ofUrl('/fn/event'))).toEqual([]);
  });
});
