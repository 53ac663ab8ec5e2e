import { ColdframeError } from '../../errors/coldframe-error.ts';
import { type MethodKind, SERVER_METHODS, WORKSPACE_METHODS } from '../contract/control-methods.ts';
import type { AcrossWorkspaces, ControlStore, WorkspaceStore } from '../contract/control-store.ts';
import { changesRows } from './changes-rows.ts';
import { comparisonsRows, interruptComparisons } from './comparisons-rows.ts';
import { allFunctions, functionsRows } from './functions-rows.ts';
import { allKeys, keysRows } from './keys-rows.ts';
import { queueRows } from './queue/queue-rows.ts';
import { pausedQueues, queuedRows } from './queue/queued-rows.ts';
import { allSchedules, schedulesRows } from './schedules/schedules-rows.ts';
import { secretsRows } from './secrets-rows.ts';
import { serversRows } from './servers-rows.ts';
import { allSessions, pruneSessions, sessionsRows } from './sessions-rows.ts';
import { settingsRows } from './settings-rows.ts';
import type { ServerStatements, WorkspaceStatements, Write } from './statements.ts';
import { testEventsRows } from './test-events-rows.ts';

const WORKSPACE_ROWS: { [T in keyof WorkspaceStore]: WorkspaceStatements<WorkspaceStore[T]> } = {
  functions: functionsRows,
  keys: keysRows,
  sessions: sessionsRows,
  secrets: secretsRows,
  testEvents: testEventsRows,
  comparisons: comparisonsRows,
  queued: queuedRows,
  schedules: schedulesRows,
};

const acrossRows: ServerStatements<AcrossWorkspaces> = {
  functions: allFunctions,
  keys: allKeys,
  sessions: allSessions,
  pruneSessions,
  interruptComparisons,
  pausedQueues,
  schedules: allSchedules,
};

const SERVER_ROWS: { [T in keyof Omit<ControlStore, 'in'>]: ServerStatements<ControlStore[T]> } = {
  across: acrossRows,
  changes: changesRows,
  servers: serversRows,
  queue: queueRows,
  settings: settingsRows,
};

/** One named statement of the control store: what an engine runs, and how. */
export interface ControlStatement {
  kind: MethodKind;
  run(tx: Write, args: unknown[]): Promise<unknown>;
}

const STATEMENTS = new Map<string, ControlStatement>([
  ...statementsOf(WORKSPACE_METHODS, WORKSPACE_ROWS, 'workspace.'),
  ...statementsOf(SERVER_METHODS, SERVER_ROWS, ''),
]);

/**
 * Keyed by the name a call carries (`workspace.functions.insert`, `changes.since`). Any other name rejects with
 * `internal`.
 */
export function controlStatement(name: string): ControlStatement {
  const unknown = (): Promise<never> =>
    Promise.reject(new ColdframeError('internal', { internalMessage: `no such method: ${name}` }));
  return STATEMENTS.get(name) ?? { kind: 'read', run: unknown };
}

function statementsOf(
  kinds: Record<string, Record<string, MethodKind>>,
  rows: Record<string, object>,
  prefix: string,
): [string, ControlStatement][] {
  return Object.entries(kinds).flatMap(([table, methods]) =>
    Object.entries(methods).map(([method, kind]): [string, ControlStatement] => {
      const of = rows[table] as Record<string, (tx: Write, ...args: unknown[]) => Promise<unknown>>;
      return [`${prefix}${table}.${method}`, { kind, run: (tx, args) => of[method]!(tx, ...args) }];
    }),
  );
}
