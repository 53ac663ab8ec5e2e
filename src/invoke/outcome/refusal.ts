import type { Refusal } from '../../records/records.ts';
import type { InvokeRequest } from '../types.ts';

/** What records count of an invocation that nothing ran of. */
export function refusalOf(request: InvokeRequest, outcome: Refusal['outcome']): Refusal {
  const { workspaceId, functionId, revision } = request.target;
  return { id: request.id, workspaceId, functionId, isolation: revision.isolation, outcome };
}
