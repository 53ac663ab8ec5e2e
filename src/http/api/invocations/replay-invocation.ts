import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { InvokeRequest, InvokeResult, Invoker } from '../../../invoke/types.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { sendJsonText } from '../../serving/replies/send-json-text.ts';
import { INVOCATION_OUTCOME, outcomeJson } from './invocation-outcome.ts';
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
      const record = await deps.records.get(workspaceId, request.params.id);
      if (!record) throw new ColdframeError('invocation_not_found');
      if (record.event === null) throw new ColdframeError('event_not_captured');
      const result = await invokeOnce(deps.invoker, {
        id: deps.newInvocationId(),
        target: deps.catalog.resolve(workspaceId, record.functionName),
        mode: 'sync',
        trigger: 'replay',
        event: Buffer.from(record.event),
        traceId: null,
        minIsolation: null,
        stream: null,
        clientGone: null,
        receivedAtMs: performance.now(),
      });
      const text = await outcomeJson(result);
      reply.header('location', `/api/v1/invocations/${result.id}`);
      return sendJsonText(reply, text);
    },
  );
}

function invokeOnce(invoker: Invoker, request: InvokeRequest): Promise<InvokeResult> {
  return new Promise((resolve) => invoker.invoke(request, resolve));
}
