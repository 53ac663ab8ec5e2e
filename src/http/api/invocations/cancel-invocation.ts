import Type from 'typebox';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { INVOCATION_PARAMS } from './invocation-schema.ts';

export function cancelInvocation(app: App, { records, invoker }: HttpDeps): void {
  app.post(
    '/api/v1/invocations/:id/cancel',
    {
      config: { access: 'invoke' },
      schema: {
        operationId: 'cancelInvocation',
        tags: ['invocations'],
        description: 'Tells the handler to stop; after 1 s its sandbox is killed.',
        params: INVOCATION_PARAMS,
        response: { 202: Type.Object({ id: Type.String() }), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const { id } = request.params;
      if (!invoker.cancel(workspaceId, id)) {
        const record = await records.get(workspaceId, id, askerOf(request, reply));
        throw new ColdframeError(record ? 'invocation_finished' : 'invocation_not_found');
      }
      reply.code(202).header('location', `/api/v1/invocations/${id}`);
      return { id };
    },
  );
}
