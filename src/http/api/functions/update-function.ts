import type { SettingsPatch } from '../../../catalog/catalog-input.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { functionBody } from './function-body.ts';
import { FUNCTION, NAME_PARAMS, PATCH_FUNCTION } from './function-schema.ts';

export function updateFunction(app: App, { functions, config }: HttpDeps): void {
  app.patch(
    '/api/v1/functions/:name',
    {
      config: { access: 'deploy' },
      schema: {
        operationId: 'updateFunction',
        tags: ['functions'],
        params: NAME_PARAMS,
        body: PATCH_FUNCTION,
        response: { 200: FUNCTION, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const ifMatch = request.headers['if-match'] ?? null;
      const view = await functions.update(workspaceId, request.params.name, request.body as SettingsPatch, { ifMatch });
      reply.header('etag', view.etag);
      return functionBody(view, config);
    },
  );
}
