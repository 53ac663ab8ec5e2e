import type { ControlStore, WorkspaceStore } from './control-store.ts';

/**
 * How a method runs. `write`: in a transaction of its own. `read`: a few rows by key, beside the writes. `scan`: lists, counts
 * and exports, on a connection of their own, so that no accept waits for one.
 */
export type MethodKind = 'write' | 'read' | 'scan';

type Kinds<T> = { [M in keyof T]: MethodKind };

/** Every method of one workspace's tables. Any other name is refused. */
export const WORKSPACE_METHODS: { [T in keyof WorkspaceStore]: Kinds<WorkspaceStore[T]> } = {
  functions: {
    get: 'read',
    insert: 'write',
    addRevision: 'write',
    setSettings: 'write',
    setState: 'write',
    revision: 'read',
    remove: 'write',
    packageHashes: 'scan',
  },
  keys: { get: 'read', insert: 'write', remove: 'write', touch: 'write' },
  sessions: { get: 'read', insert: 'write', extend: 'write', remove: 'write' },
  secrets: { get: 'scan' },
  testEvents: { list: 'scan', get: 'read', put: 'write', remove: 'write' },
  comparisons: { insert: 'write', update: 'write', get: 'read', list: 'scan' },
  queued: {
    get: 'read',
    byIds: 'scan',
    list: 'scan',
    cancel: 'write',
    cancelWaiting: 'write',
    countDead: 'scan',
    redrive: 'write',
    setPaused: 'write',
  },
  schedules: {
    get: 'read',
    insert: 'write',
    update: 'write',
    remove: 'write',
    tick: 'write',
    release: 'write',
    invoke: 'write',
    live: 'read',
    runs: 'scan',
  },
};

type ServerTables = Omit<ControlStore, 'in'>;

/** Every method that belongs to no workspace. */
export const SERVER_METHODS: { [T in keyof ServerTables]: Kinds<ServerTables[T]> } = {
  across: {
    functions: 'scan',
    keys: 'scan',
    sessions: 'scan',
    pruneSessions: 'write',
    interruptComparisons: 'write',
    pausedQueues: 'scan',
    schedules: 'scan',
  },
  changes: { lastSeq: 'scan', since: 'scan' },
  servers: { register: 'write', end: 'write', renew: 'write', bury: 'write', lives: 'read', clockMs: 'read' },
  queue: {
    accept: 'write',
    round: 'write',
    takeOver: 'write',
    expire: 'write',
    waiting: 'scan',
    counts: 'scan',
    owners: 'scan',
    cancelAsked: 'read',
    ended: 'scan',
    told: 'write',
    pruneDead: 'write',
  },
  settings: { get: 'read', put: 'write', remove: 'write' },
};
