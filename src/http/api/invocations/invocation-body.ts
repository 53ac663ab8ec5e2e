import type { InvocationRecord } from '../../../domain/invocation.ts';

/** A record as the API sends it: without the workspace, because the key already implies it. */
export function invocationBody(record: InvocationRecord) {
  const { workspaceId: _workspaceId, ...body } = record;
  return body;
}
