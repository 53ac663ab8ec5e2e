import { openControlStore } from '../../store/open-control-store.ts';
import { openTelemetryStore } from '../../store/open-telemetry-store.ts';
import { exampleId, exampleRecord } from '../../store/testing/example-record.ts';
import { LiveFeed } from '../live/live-feed.ts';
import { RecordsQueue } from '../queue/records-queue.ts';

/**
 * Started by the kill test with a data directory: finishes a call every few milliseconds and writes a setting, and tells
 * its parent of each with the time, until it is killed.
 */
const dataDir = process.argv[2]!;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const control = await openControlStore({ dataDir, log });
const telemetry = await openTelemetryStore({ dataDir, log });
const records = new RecordsQueue({ store: telemetry, feed: new LiveFeed(), log });
const nothing = { event: new Uint8Array(), result: null, capture: 'none' as const };

let number = 0;
setInterval(() => {
  const id = exampleId(++number);
  records.ended(exampleRecord(id), nothing);
  process.send?.({ kind: 'finished', number, atMs: Date.now() });
}, 5);

for (let setting = 1; ; setting++) {
  await control.settings.put('newest', String(setting));
  process.send?.({ kind: 'committed', number: setting, atMs: Date.now() });
}
