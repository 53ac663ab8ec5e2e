import type { TestContext } from 'vitest';
import { ISOLATIONS, type Isolation } from '../../src/domain/names.ts';
import { SLOWNESS } from './pace.ts';
import type { TestServer } from './test-server.ts';

/** The isolations whole-system tables run under, weakest first. */
export const TESTED_ISOLATIONS = ['process', 'bubblewrap', 'docker', 'gvisor'] as const satisfies readonly Isolation[];
/** A first start on a host without a registry bootstraps runtime images; that takes a minute on two cores. */
export const PREPARE_TIMEOUT_MS = 180_000 * SLOWNESS;

/** What a probe may end at; everything else is still on its way, `busy` too: the server asks again by itself. */
const SETTLED = new Set(['usable', 'absent', 'not_running', 'no_permission', 'restricted']);

interface IsolationItem {
  isolation: Isolation;
  state: string;
  detail: string;
}

/**
 * Returns when the isolation is usable on this server, else skips the test with a reason that says "needs docker"; fails it
 * instead when COLDFRAME_REQUIRE lists the isolation.
 */
export async function requireIsolation(server: TestServer, isolation: Isolation, context: TestContext): Promise<void> {
  const { state, detail } = await settledState(server, isolation);
  if (state === 'usable') return;
  const reason = `needs ${isolation}, which is ${state} here: ${detail}`;
  if ((process.env.COLDFRAME_REQUIRE ?? '').split(',').includes(isolation))
    throw new Error(`required by COLDFRAME_REQUIRE but the test ${reason}`);
  context.skip(reason);
}

/** Whether the receipt of `isolation` will say that this limit is enforced. */
export async function isEnforced(server: TestServer, isolation: Isolation, limit: string): Promise<boolean> {
  const { body } = await server.api<{ items: { isolation: Isolation; enforced: Record<string, boolean> | null }[] }>(
    'GET',
    '/isolation',
  );
  return body.items.find((one) => one.isolation === isolation)?.enforced?.[limit] === true;
}

/** Where the isolation stands once its probe has come to an end. */
export async function settledState(server: TestServer, isolation: Isolation): Promise<IsolationItem> {
  let item: IsolationItem = { isolation, state: 'absent', detail: 'The server does not offer it.' };
  await server.until(
    `${isolation} to be probed`,
    async () => {
      const { body } = await server.api<{ items: IsolationItem[] }>('GET', '/isolation');
      const found = body.items.find((one) => one.isolation === isolation);
      if (!found && ISOLATIONS.includes(isolation)) return true;
      item = found ?? item;
      return SETTLED.has(item.state);
    },
    PREPARE_TIMEOUT_MS,
  );
  return item;
}
