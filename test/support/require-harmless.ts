import { randomUUID } from 'node:crypto';
import type { TestContext } from 'vitest';
import type { Isolation } from '../../src/domain/names.ts';
import { MARKED_SHELL, whySignalsReachUs } from '../../src/sandbox/conformance/signal-reach.ts';
import type { TestServer } from './test-server.ts';

const looks = new WeakMap<TestServer, Map<Isolation, Promise<string | null>>>();

/**
 * Returns when what a hostile function kills under this isolation cannot reach whoever runs the tests, else skips the test
 * with the reason. It looks at an innocent function first, once per server and isolation.
 */
export async function requireHarmless(server: TestServer, isolation: Isolation, context: TestContext): Promise<void> {
  const ofServer = looks.get(server) ?? new Map<Isolation, Promise<string | null>>();
  looks.set(server, ofServer);
  const look = ofServer.get(isolation) ?? lookAt(server, isolation);
  ofServer.set(isolation, look);
  const reason = await look;
  if (reason !== null) context.skip(reason);
}

async function lookAt(server: TestServer, isolation: Isolation): Promise<string | null> {
  const mark = randomUUID();
  const name = `marked-shell-${isolation}`;
  await server.deploy(name, 'nodejs', MARKED_SHELL, { isolation, timeoutMs: 60_000 });
  const reply = await server.invoke(name, { mark });
  if (reply.body !== mark) throw new Error(`the marked shell under ${isolation}: ${reply.status} ${reply.text}`);
  const reason = whySignalsReachUs(mark);
  await server.api('DELETE', `/functions/${name}`);
  return reason;
}
