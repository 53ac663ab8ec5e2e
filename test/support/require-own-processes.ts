import { randomUUID } from 'node:crypto';
import type { TestContext } from 'vitest';
import type { Isolation } from '../../src/domain/names.ts';
import {
  MARKED_SHELL,
  type MarkedAnswer,
  reachOf,
  type SandboxReach,
} from '../../src/sandbox/conformance/sandbox-reach.ts';
import type { TestServer } from './test-server.ts';

const looks = new WeakMap<TestServer, Map<Isolation, Promise<SandboxReach>>>();
const TIMEOUT_MS = 60_000;

/**
 * Returns when what a hostile function kills or leaves running under this isolation is its own, else skips the test with the
 * reason. It looks at an innocent function first, once per server and isolation.
 */
export async function requireOwnProcesses(
  server: TestServer,
  isolation: Isolation,
  context: TestContext,
): Promise<void> {
  const ofServer = looks.get(server) ?? new Map<Isolation, Promise<SandboxReach>>();
  looks.set(server, ofServer);
  const look = ofServer.get(isolation) ?? lookAt(server, isolation);
  ofServer.set(isolation, look);
  const { processes } = await look;
  if (processes !== null) context.skip(processes);
}

async function lookAt(server: TestServer, isolation: Isolation): Promise<SandboxReach> {
  const mark = randomUUID();
  const name = `marked-shell-${isolation}`;
  await server.deploy(name, 'nodejs', MARKED_SHELL, { isolation, timeoutMs: TIMEOUT_MS });
  const reply = await server.invoke<MarkedAnswer>(name, { mark });
  if (reply.body.mark !== mark) throw new Error(`the marked shell under ${isolation}: ${reply.status} ${reply.text}`);
  const reach = reachOf(reply.body);
  await server.api('DELETE', `/functions/${name}`);
  return reach;
}
