import type { InvocationRecord } from '../../../domain/invocation.ts';
import type { RunnableRevision } from '../../../domain/runnable-revision.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { InvokeRequest, InvokeResult, Invoker } from '../../../invoke/types.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { sendJsonText } from '../../serving/replies/send-json-text.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { INVOCATION_OUTCOME, maySeeLogs, outcomeJson } from './invocation-outcome.ts';
import { INVOCATION_PARAMS } from './invocation-schema.ts';

export function replayInvocation(app: App, deps: HttpDeps): void {
  app.post(
    '/api/v1/invocations/:id/replay',
    {
      config: { access: 'invoke' },
      schema: {
        operationId: 'replayInvocation',
        tags: ['invocations'],
        description: 'Calls the function again, as it is now, with the captured event.',
        params: INVOCATION_PARAMS,
        response: { 200: INVOCATION_OUTCOME, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const record = await deps.records.get(workspaceId, request.params.id, askerOf(request, reply));
      if (!record) throw new ColdframeError('invocation_not_found');
      if (record.event === null) throw new ColdframeError('event_not_captured');
      const result = await invokeOnce(deps.invoker, {
        id: deps.newInvocationId(),
        target: sameFunction(deps, workspaceId, record),
        mode: 'sync',
        trigger: 'replay',
        event: Buffer.from(record.event),
        traceId: null,
        minIsolation: null,
        stream: null,
        clientGone: null,
        receivedAtMs: performance.now(),
      });
      const text = await outcomeJson(result, maySeeLogs(request.principal));
      reply.header('location', `/api/v1/invocations/${result.id}`);
      return sendJsonText(reply, text);
    },
  );
}

/**
 * The function that was called then. Another function may have its name by now, and the event was never meant for that
 * one.
 */
function sameFunction({ catalog }: HttpDeps, workspaceId: string, record: InvocationRecord): RunnableRevision {
  const target = catalog.resolve(workspaceId, record.functionName);
  if (target.functionId === record.functionId) return target;
  throw new ColdframeError('function_not_found', {
    publicMessage: `The function of this invocation, ${record.functionName}, was deleted.`,
  });
}

function invokeOnce(invoker: Invoker, request: InvokeRequest): Promise<InvokeResult> {
  return new Promise((resolve) => invoker.invoke(request, resolve));
}
