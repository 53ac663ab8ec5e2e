import { workerData } from 'node:worker_threads';
import { CONTROL_MIGRATIONS } from '../control/control-migrations.ts';
import type { ControlSchema } from '../control/control-schema.ts';
import { controlStatement } from '../control/control-statements.ts';
import { vetScope } from '../control/vet-scope.ts';
import { hostWorker, type IncomingCall, type WorkerService } from '../rpc/worker-host.ts';
import { checkpointAndClose, startHousekeeping } from './housekeeping.ts';
import { migrate } from './migrate.ts';
import { type OpenDatabase, openForReading, openForWriting } from './open-database.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/** Calls put into one transaction. With more, the first of them would wait too long. */
const GROUP_MAX = 256;

/** What the opener hands over. One worker writes; another one beside it lists, counts and exports. */
export interface ControlWorkerData {
  path: string;
  role: 'writer' | 'reader';
}

const { path, role } = workerData as ControlWorkerData;
await hostWorker(() => (role === 'writer' ? openWriter() : openReader()), sqliteFailure);

async function openWriter(): Promise<WorkerService> {
  const open = openForWriting(path, 'FULL');
  try {
    await migrate(open, CONTROL_MIGRATIONS);
  } catch (error) {
    open.raw.close();
    throw error;
  }
  let isServing = false;
  const stopHousekeeping = startHousekeeping(open.raw, () => !isServing);
  const database = controlDatabase(open);
  return {
    takes: 'all',
    async serve(calls) {
      isServing = true;
      for (let first = 0; first < calls.length; first += GROUP_MAX)
        await commitGroup(database, calls.slice(first, first + GROUP_MAX));
      isServing = false;
    },
    close() {
      stopHousekeeping();
      checkpointAndClose(open.raw);
    },
  };
}

async function openReader(): Promise<WorkerService> {
  const open = openForReading(path);
  const database = controlDatabase(open);
  return {
    takes: 'turns',
    async serve(calls) {
      for (const call of calls) {
        if (call.isGivenUp()) continue;
        await database
          .read((reading) =>
            controlStatement(call.method).run({ ...reading, isUniqueViolation: () => false }, call.args),
          )
          .then(call.succeed, call.fail);
      }
    },
    close: () => open.raw.close(),
  };
}

function controlDatabase(open: OpenDatabase): SqliteDatabase<ControlSchema> {
  return new SqliteDatabase<ControlSchema>(open, { vet: vetScope });
}

async function commitGroup(database: SqliteDatabase<ControlSchema>, calls: IncomingCall[]): Promise<void> {
  const wanted = calls.filter((call) => !call.isGivenUp());
  await database.commitTogether(
    wanted.map((call) => {
      const { kind, run } = controlStatement(call.method);
      return { isWrite: kind === 'write', run: (tx) => run(tx, call.args), succeed: call.succeed, fail: call.fail };
    }),
  );
}
