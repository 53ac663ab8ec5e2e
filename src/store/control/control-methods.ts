import type {
  ComparisonsTable,
  FunctionsTable,
  KeysTable,
  SecretsTable,
  SessionsTable,
  SettingsTable,
  TestEventsTable,
} from '../control-store.ts';
import type { MethodList } from '../rpc/remote-table.ts';

/** What may be called in the control worker, table by table; anything else is refused. */
export const CONTROL_METHODS: {
  functions: MethodList<FunctionsTable>;
  keys: MethodList<KeysTable>;
  sessions: MethodList<SessionsTable>;
  secrets: MethodList<SecretsTable>;
  testEvents: MethodList<TestEventsTable>;
  comparisons: MethodList<ComparisonsTable>;
  settings: MethodList<SettingsTable>;
} = {
  functions: {
    all: true,
    insert: true,
    addRevision: true,
    setSettings: true,
    setState: true,
    revision: true,
    remove: true,
    packageHashes: true,
  },
  keys: { all: true, insert: true, remove: true, touch: true },
  sessions: { insert: true, byToken: true, remove: true, prune: true },
  secrets: { get: true },
  testEvents: { list: true, get: true, put: true, remove: true },
  comparisons: { insert: true, update: true, get: true, list: true, interruptRunning: true },
  settings: { get: true, put: true },
};
