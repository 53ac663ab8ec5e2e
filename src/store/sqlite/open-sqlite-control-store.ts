import type { Log } from '../../domain/log.ts';
import { type MethodKind, SERVER_METHODS, WORKSPACE_METHODS } from '../contract/control-methods.ts';
import type { ControlStore, WorkspaceStore } from '../contract/control-store.ts';
import { remoteTables } from '../rpc/remote-tables.ts';
import { WorkerClient } from '../rpc/worker-client.ts';
import { workerUrl } from '../rpc/worker-url.ts';
import type { ControlWorkerData } from './control-worker.ts';

/** The control store over one SQLite file: a worker that writes, and one that reads long answers beside it. */
export async function openSqliteControlStore(
  path: string,
  log: Log,
): Promise<ControlStore & { close(): Promise<void> }> {
  const open = (role: ControlWorkerData['role']): Promise<WorkerClient> =>
    WorkerClient.open({
      name: `control-${role}`,
      url: workerUrl('./control-worker', import.meta.url),
      workerData: { path, role } satisfies ControlWorkerData,
      log,
    });
  const writer = await open('writer');
  const reader = await open('reader').catch(async (error: unknown) => {
    await writer.close();
    throw error;
  });
  const call = (kind: MethodKind, method: string, args: unknown[]): Promise<unknown> =>
    (kind === 'scan' ? reader : writer).call(method, args);
  return {
    ...remoteTables<Omit<ControlStore, 'in'>, MethodKind>(SERVER_METHODS, call),
    in: (workspaceId) =>
      remoteTables<WorkspaceStore, MethodKind>(WORKSPACE_METHODS, (kind, method, args) =>
        call(kind, `workspace.${method}`, [workspaceId, ...args]),
      ),
    async close() {
      // The reader closes first, because a last checkpoint needs the database to itself.
      await reader.close();
      await writer.close();
    },
  };
}
