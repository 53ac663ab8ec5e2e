import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { Reading, Transaction } from '../contract/engine.ts';
import type { ControlSchema } from './control-schema.ts';

export type Read = Reading<ControlSchema>;
export type Write = Transaction<ControlSchema>;

type WithFirst<T, First extends unknown[]> = {
  [M in keyof T]: T[M] extends (...args: infer Args) => infer Result
    ? (tx: Write, ...args: [...First, ...Args]) => Result
    : never;
};

/** A table's methods as the engine runs them: within a transaction, and bound to a workspace. */
export type WorkspaceStatements<T> = WithFirst<T, [workspaceId: WorkspaceId]>;
/** The same for what belongs to no workspace. */
export type ServerStatements<T> = WithFirst<T, []>;
