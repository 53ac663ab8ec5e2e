import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTelemetryStore } from '../open-telemetry-store.ts';
import { openForReading } from '../sqlite/open-database.ts';
import { exampleId, exampleRecord } from '../testing/example-record.ts';
import { keptLog, tempDir } from '../testing/temp-dir.ts';
import { LogRows } from './log-rows.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';

test('a search whose asker has left reads no further', async () => {
  await using dir = await tempDir();
  const store = await openTelemetryStore({ dataDir: dir.path, log: keptLog() });
  const records = Array.from({ length: 120 }, (_, number) => exampleRecord(exampleId(number)));
  await store.append({ records, refusals: [] });
  await store.close();
  const { db, raw } = openForReading<TelemetrySchema>(join(dir.path, 'telemetry.db'));
  const query = { workspaceId: 'default', functionId: 'function-1', contains: 'nowhere', limit: 10 };
  const rows = new LogRows(db);
  expect(await rows.list(query, () => false)).toEqual({ items: [], nextCursor: null });
  // It ends behind the first 50 attempts, with a cursor that could go on from there.
  expect(await rows.list(query, () => true)).toEqual({ items: [], nextCursor: `${exampleId(70)}.1.0` });
  raw.close();
});
