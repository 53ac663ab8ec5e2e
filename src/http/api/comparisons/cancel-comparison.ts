import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { COMPARISON_PARAMS } from './comparison-schema.ts';

export function cancelComparison(app: App, { comparisons }: HttpDeps): void {
  app.post(
    '/api/v1/comparisons/:id/cancel',
    {
      config: { access: 'deploy' },
      schema: {
        operationId: 'cancelComparison',
        tags: ['comparisons'],
        description: 'Ends it at once; what was measured is kept.',
        params: COMPARISON_PARAMS,
        response: { 202: Type.Object({ id: Type.String() }), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await comparisons.cancel(request.principal.workspaceId, id);
      reply.code(202).header('location', `/api/v1/comparisons/${id}`);
      return { id };
    },
  );
}
