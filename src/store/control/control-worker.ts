import { workerData } from 'node:worker_threads';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { hostWorker, type IncomingCall, type WorkerService } from '../rpc/worker-host.ts';
import { checkpointAndClose, startHousekeeping } from '../sqlite/housekeeping.ts';
import { migrate } from '../sqlite/migrate.ts';
import { type OpenDatabase, openForWriting } from '../sqlite/open-database.ts';
import { ComparisonsRows } from './comparisons-rows.ts';
import { CONTROL_METHODS } from './control-methods.ts';
import { CONTROL_MIGRATIONS } from './control-migrations.ts';
import type { ControlSchema } from './control-schema.ts';
import { FunctionsRows } from './functions-rows.ts';
import { commitInGroups } from './group-commit.ts';
import { KeysRows } from './keys-rows.ts';
import { SecretsRows } from './secrets-rows.ts';
import { SessionsRows } from './sessions-rows.ts';
import { SettingsRows } from './settings-rows.ts';
import { TestEventsRows } from './test-events-rows.ts';

/** The worker that owns control.db: the only thread that opens it. */
await hostWorker(async () => {
  const database = openForWriting<ControlSchema>(workerData.path as string, 'FULL');
  try {
    await migrate(database as unknown as OpenDatabase<unknown>, CONTROL_MIGRATIONS);
  } catch (error) {
    database.raw.close();
    throw error;
  }
  return controlService(database);
});

function controlService({ db, raw }: OpenDatabase<ControlSchema>): WorkerService {
  const methods = methodsOf({
    functions: new FunctionsRows(db),
    keys: new KeysRows(db),
    sessions: new SessionsRows(db),
    secrets: new SecretsRows(db),
    testEvents: new TestEventsRows(db),
    comparisons: new ComparisonsRows(db),
    settings: new SettingsRows(db),
  });
  let isServing = false;
  const stopHousekeeping = startHousekeeping(raw, () => !isServing);
  return {
    async serve(calls) {
      isServing = true;
      await commitInGroups(raw, calls, (call) => run(methods, call));
      isServing = false;
    },
    close() {
      stopHousekeeping();
      checkpointAndClose(raw);
    },
  };
}

type Method = (...args: unknown[]) => Promise<unknown>;

function methodsOf(tables: Record<keyof typeof CONTROL_METHODS, object>): Map<string, Method> {
  const methods = new Map<string, Method>();
  for (const [table, names] of Object.entries(CONTROL_METHODS)) {
    const rows = tables[table as keyof typeof CONTROL_METHODS] as Record<string, Method>;
    for (const name of Object.keys(names)) methods.set(`${table}.${name}`, (...args) => rows[name]!(...args));
  }
  return methods;
}

async function run(methods: Map<string, Method>, call: IncomingCall): Promise<unknown> {
  const method = methods.get(call.method);
  if (method === undefined) throw new ColdframeError('internal', { internalMessage: `no such method: ${call.method}` });
  return method(...call.args);
}
