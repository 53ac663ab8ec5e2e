import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { ISOLATIONS, type Isolation } from '../../src/domain/names.ts';
import { giveGuestImage } from '../support/give-guest-image.ts';
import { SLOWNESS } from '../support/pace.ts';
import { isEnforced, PREPARE_TIMEOUT_MS, requireIsolation } from '../support/require-isolation.ts';
import { TestServer } from '../support/test-server.ts';
import { Canaries } from './escapes/canaries.ts';
import { type Observation, observe } from './escapes/observe.ts';
import { openingOf, PROBES, type Probe } from './escapes/probe-table.ts';
import { cellOf, cellsOf, NOT_SEEN, readPage, withObservations } from './escapes/threat-table.ts';

const IS_ROOT = process.getuid?.() === 0;
/** A guest under software emulation takes its time. */
const OBSERVE_TIMEOUT_MS = 420_000 * SLOWNESS;

let dataDir: string;
let server: TestServer;
let canaries: Canaries;
const observed = new Map<Isolation, Promise<Map<string, Observation>>>();

beforeAll(async () => {
  canaries = await Canaries.open();
  dataDir = mkdtempSync(join(tmpdir(), 'coldframe-escapes-'));
  await giveGuestImage(dataDir);
  server = await TestServer.start({ dataDir, inherited: canaries.hostFile });
}, 2 * PREPARE_TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  await canaries.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Once per isolation, by whichever test comes first. */
function seenUnder(isolation: Isolation): Promise<Map<string, Observation>> {
  const known = observed.get(isolation) ?? observe(server, isolation, canaries);
  observed.set(isolation, known);
  return known;
}

async function requireFence(isolation: Isolation, context: TestContext): Promise<void> {
  await requireIsolation(server, isolation, context);
  const { body } = await server.api<{ items: { isolation: string; fence: string }[] }>('GET', '/isolation');
  const fence = body.items.find((one) => one.isolation === isolation)?.fence;
  if (fence === 'none' || fence === 'uid')
    context.skip('this host lets the server make no namespaces: nothing fences it');
}

describe.each(ISOLATIONS)('under %s', (isolation) => {
  it.for(PROBES)(
    `a function that tries to $tries is answered as documented`,
    { timeout: OBSERVE_TIMEOUT_MS },
    async (probe: Probe, context) => {
      await requireFence(isolation, context);
      if (probe.needs && !(await isEnforced(server, isolation, probe.needs)))
        return context.skip(`needs cgroups: ${probe.needs} is unenforced here`);
      if (probe.needsRoot && !IS_ROOT)
        return context.skip('needs root: what is looked for lies where only root can put it');
      const seen = (await seenUnder(isolation)).get(probe.id);
      expect(seen, 'the probe must report').toBeDefined();
      const isOpen = seen?.verdict === 'open';
      if (probe.hostDecides?.includes(isolation)) return;
      expect({ isOpen, seen: seen?.seen }).toEqual({
        isOpen: openingOf(probe, isolation, IS_ROOT) !== undefined,
        seen: seen?.seen,
      });
    },
  );

  it('docs/threat-model.md says what was seen', { timeout: OBSERVE_TIMEOUT_MS }, async (context) => {
    await requireFence(isolation, context);
    if (!IS_ROOT) return context.skip('needs root: the table is of a root server');
    const written = cellsOf(readPage());
    for (const probe of PROBES) {
      if (probe.hostDecides?.includes(isolation)) continue;
      if (probe.needs && !(await isEnforced(server, isolation, probe.needs))) continue;
      const seen = (await seenUnder(isolation)).get(probe.id);
      const cell = written.get(probe.id)?.[isolation];
      // Not run yet: the page says so, and what must hold was asked of each probe above.
      if (cell === NOT_SEEN) continue;
      // What a host lacks to offer something, another has.
      if (seen?.verdict === 'not offered' || cell === cellOf('not offered')) continue;
      expect([probe.tries, cell]).toEqual([probe.tries, seen && cellOf(seen.verdict)]);
    }
  });
});

describe('docs/threat-model.md', () => {
  it('has every probe and every reason as the table has them (`npm run threat-model` writes it)', () => {
    expect(withObservations(readPage(), new Map())).toBe(readPage());
  });
});
