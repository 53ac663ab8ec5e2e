import type { Refusal } from '../../records/records.ts';
import type { InvokeRequest } from '../types.ts';

/** What records count of an invocation when nothing of it ran. */
export function refusalOf(request: InvokeRequest, outcome: Refusal['outcome']): Refusal {
  const { workspaceId, functionId, revision } = request.target;
  return { id: request.id, workspaceId, functionId, isolation: revision.isolation, outcome };
}
