import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { invocationBody } from './invocation-body.ts';
import { INVOCATION, INVOCATION_PARAMS } from './invocation-schema.ts';

export function getInvocation(app: App, { records }: HttpDeps): void {
  app.get(
    '/api/v1/invocations/:id',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getInvocation',
        tags: ['invocations'],
        params: INVOCATION_PARAMS,
        response: { 200: INVOCATION, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const record = await records.get(request.principal.workspaceId, request.params.id, askerOf(request, reply));
      if (!record) throw new ColdframeError('invocation_not_found');
      return invocationBody(record);
    },
  );
}
