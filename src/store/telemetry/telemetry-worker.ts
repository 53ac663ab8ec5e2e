import { statSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { hostWorker, type IncomingCall, type WorkerService } from '../rpc/worker-host.ts';
import { checkpointAndClose, startHousekeeping } from '../sqlite/housekeeping.ts';
import { migrate } from '../sqlite/migrate.ts';
import { openForReading, openForWriting } from '../sqlite/open-database.ts';
import { sqliteFailure } from '../sqlite/sqlite-failure.ts';
import type {
  FunctionErrorsQuery,
  FunctionsActivityQuery,
  InvocationQuery,
  LogQuery,
  MetricsQuery,
} from '../telemetry-store.ts';
import { Appender } from './append.ts';
import { ErrorRows } from './error-rows.ts';
import { InvocationRows } from './invocation-rows.ts';
import { LogRows } from './log-rows.ts';
import { ActivityRows } from './metrics/activity-rows.ts';
import { MetricsRows } from './metrics/metrics-rows.ts';
import { Retention, type RetentionLimits } from './retention/retention.ts';
import { TELEMETRY_MIGRATIONS } from './telemetry-migrations.ts';
import type { TelemetrySchema } from './telemetry-schema.ts';
import type { PackedBatch } from './wire/pack-batch.ts';
import { unpackBatch } from './wire/unpack-batch.ts';

/** What the opener hands over. One thread writes, another reads beside it, so that a long read never delays a batch. */
export interface TelemetryWorkerData {
  path: string;
  role: 'writer' | 'reader';
  retention: RetentionLimits;
}

/** Long work asks `isGivenUp` now and then. */
type Methods = Record<string, (args: unknown[], isGivenUp: () => boolean) => Promise<unknown>>;

const data = workerData as TelemetryWorkerData;
await hostWorker(() => (data.role === 'writer' ? openWriter() : openReader()), sqliteFailure);

async function openWriter(): Promise<WorkerService> {
  const database = openForWriting<TelemetrySchema>(data.path, 'NORMAL');
  try {
    await migrate(database, TELEMETRY_MIGRATIONS);
  } catch (error) {
    database.raw.close();
    throw error;
  }
  const appender = new Appender(database);
  const retention = new Retention(database, data.retention);
  let isServing = false;
  const stopHousekeeping = startHousekeeping(database.raw, () => !isServing);
  const methods: Methods = {
    append: async ([batch]) => appender.append(unpackBatch(batch as PackedBatch)),
    prune: ([now]) => retention.prune(now as string),
  };
  return {
    takes: 'all',
    async serve(calls) {
      isServing = true;
      await answerEach(calls, methods);
      isServing = false;
    },
    close() {
      stopHousekeeping();
      checkpointAndClose(database.raw);
    },
  };
}

async function openReader(): Promise<WorkerService> {
  const { db, raw } = openForReading<TelemetrySchema>(data.path);
  const invocations = new InvocationRows(db);
  const logs = new LogRows(db);
  const metrics = new MetricsRows(db);
  const activity = new ActivityRows(db);
  const errors = new ErrorRows(db);
  const methods: Methods = {
    invocations: ([query]) => invocations.list(query as InvocationQuery),
    invocation: ([workspaceId, id]) => invocations.one(workspaceId as string, id as string),
    logs: ([query], isGivenUp) => logs.list(query as LogQuery, isGivenUp),
    metrics: ([query]) => metrics.metrics(query as MetricsQuery),
    functionsActivity: ([query]) => activity.activity(query as FunctionsActivityQuery),
    functionErrors: ([query]) => errors.groups(query as FunctionErrorsQuery),
    size: async () => ({ databaseBytes: fileBytes(data.path), walBytes: fileBytes(`${data.path}-wal`) }),
  };
  return { takes: 'turns', serve: (calls) => answerEach(calls, methods), close: () => raw.close() };
}

async function answerEach(calls: IncomingCall[], methods: Methods): Promise<void> {
  for (const call of calls) {
    if (call.isGivenUp()) continue;
    try {
      const method = methods[call.method];
      if (method === undefined)
        throw new ColdframeError('internal', { internalMessage: `no such method: ${call.method}` });
      call.succeed(await method(call.args, call.isGivenUp));
    } catch (error) {
      call.fail(error);
    }
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
