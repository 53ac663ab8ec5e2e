import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ISOLATIONS, type Isolation } from '../src/domain/names.ts';
import { Canaries } from '../test/security/escapes/canaries.ts';
import { type Observation, observe } from '../test/security/escapes/observe.ts';
import { readPage, withObservations } from '../test/security/escapes/threat-table.ts';
import { giveGuestImage } from '../test/support/give-guest-image.ts';
import { SLOWNESS } from '../test/support/pace.ts';
import { settledState } from '../test/support/require-isolation.ts';
import { TestServer } from '../test/support/test-server.ts';

/**
 * `npm run threat-model`: runs the escape suite under every isolation usable here (or those named as arguments) and writes what
 * was seen into the table of docs/threat-model.md. Needs root.
 */
const root = resolve(import.meta.dirname, '..');
const named = process.argv.slice(2);
/** Where each guest takes minutes of the host, none is made before it is asked for. */
const NOTHING_AHEAD = { COLDFRAME_POOL_READY: '0' };
const canaries = await Canaries.open();
const dataDir = mkdtempSync(join(tmpdir(), 'coldframe-threats-'));
await giveGuestImage(dataDir);
const server = await TestServer.start({
  dataDir,
  inherited: canaries.hostFile,
  env: SLOWNESS > 1 ? NOTHING_AHEAD : {},
});
const seen = new Map<Isolation, Map<string, Observation>>();
try {
  for (const isolation of ISOLATIONS) {
    if (named.length > 0 && !named.includes(isolation)) continue;
    const { state, detail } = await settledState(server, isolation);
    if (state !== 'usable') {
      process.stdout.write(`${isolation}: ${state}. ${detail}\n`);
      continue;
    }
    process.stdout.write(`${isolation}: ${detail}\n`);
    const startedAtMs = performance.now();
    try {
      await observe(server, isolation, canaries, (soFar) => tell(isolation, soFar));
    } catch (error) {
      // What was seen before stays true.
      process.stdout.write(`${isolation}: not all was tried. ${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    }
    process.stdout.write(`${isolation}: looked at in ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s\n`);
  }
  writeFileSync(resolve(root, 'docs/threat-model.md'), withObservations(readPage(), seen));
} finally {
  await server.stop();
  await canaries.close();
  rmSync(dataDir, { recursive: true, force: true });
}

function tell(isolation: Isolation, soFar: Map<string, Observation>): void {
  const before = seen.get(isolation);
  for (const [id, one] of soFar)
    if (!before?.has(id)) process.stdout.write(`  ${one.verdict.padEnd(10)} ${id}: ${one.seen}\n`);
  seen.set(isolation, soFar);
}
