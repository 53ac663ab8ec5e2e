import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import type { FunctionSettings } from '../../domain/settings.ts';
import { createFunctionServer, type FunctionServer } from '../function-url/function-server.ts';
import { type Behaviour, fakeDeps } from './fake-deps.ts';
import { runnable } from './samples.ts';

/** The function listener over stand-ins for one test file: listening before its first test, closed after its last. */
export function functionUrlBed() {
  const deps = fakeDeps();
  let http: FunctionServer;
  let port = 0;

  beforeAll(async () => {
    http = createFunctionServer(deps);
    http.server.listen(0, '127.0.0.1');
    await once(http.server, 'listening');
    port = (http.server.address() as AddressInfo).port;
  });
  afterAll(() => http.close(1_000));

  return {
    deps,
    get http() {
      return http;
    },
    get port() {
      return port;
    },
    get origin() {
      return `http://127.0.0.1:${port}`;
    },

    /** A function reachable at `/fn/<name>`. */
    add(name: string, url: FunctionSettings['url'], behaviour?: Behaviour): void {
      const target = runnable('default', name);
      deps.urls.byUrl.set(`id${name}`, {
        urlId: `id${name}`,
        target: { ...target, functionSettings: { ...target.functionSettings, url } },
      });
      if (behaviour) deps.behaviours.set(name, behaviour);
    },

    /** The function `name` also answers by this URL id, as a real one looks. */
    nameOrigin(name: string, urlId: string): void {
      const known = deps.urls.byUrl.get(`id${name}`)!;
      deps.urls.byUrl.set(urlId, { ...known, urlId });
    },

    /** The event of the last call, as the function saw it. */
    lastEvent() {
      return JSON.parse(Buffer.from(deps.requests.at(-1)?.event ?? '').toString());
    },
  };
}

export const OPEN = { auth: 'none' } as const;

/** A function that returns this text as its result. */
export function returns(text: string | Buffer): Behaviour {
  return (_request, answer) => answer({ body: Buffer.from(text) });
}
