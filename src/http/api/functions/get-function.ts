import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { functionBody } from './function-body.ts';
import { FUNCTION, NAME_PARAMS } from './function-schema.ts';

export function getFunction(app: App, { functions, config }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getFunction',
        tags: ['functions'],
        params: NAME_PARAMS,
        response: { 200: FUNCTION, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const view = functions.get(request.principal.workspaceId, request.params.name);
      reply.header('etag', view.etag);
      return functionBody(view, config);
    },
  );
}
