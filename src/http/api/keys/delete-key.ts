import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';

export function deleteKey(app: App, { keys }: HttpDeps): void {
  app.delete(
    '/api/v1/keys/:id',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'deleteKey',
        tags: ['keys'],
        description: 'Works no more from now on; browser sessions and live streams opened with it end.',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null(), default: PROBLEM },
      },
    },
    async (request, reply) => {
      await keys.remove(request.principal.workspaceId, request.params.id);
      return reply.code(204).send(null);
    },
  );
}
