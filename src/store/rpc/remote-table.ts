import type { WorkerClient } from './worker-client.ts';

/** Names every method of a table; the compiler refuses a list that misses one. */
export type MethodList<T> = Record<keyof T, true>;

/** A table whose methods run in the worker, as `<table>.<method>`. */
export function remoteTable<T extends object>(client: WorkerClient, table: string, methods: MethodList<T>): T {
  const remote: Record<string, (...args: unknown[]) => Promise<unknown>> = {};
  for (const method of Object.keys(methods)) {
    remote[method] = (...args) => client.call(`${table}.${method}`, args);
  }
  return remote as T;
}
