import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { TEST_EVENT_PARAMS } from './test-event-schema.ts';

export function deleteTestEvent(app: App, { testEvents }: HttpDeps): void {
  app.delete(
    '/api/v1/functions/:name/test-events/:event',
    {
      config: { access: 'deploy' },
      schema: {
        operationId: 'deleteTestEvent',
        tags: ['test events'],
        params: TEST_EVENT_PARAMS,
        response: { 204: Type.Null(), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { name, event } = request.params;
      await testEvents.remove(request.principal.workspaceId, name, event);
      return reply.code(204).send(null);
    },
  );
}
