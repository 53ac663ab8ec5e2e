import Type from 'typebox';
import { WHAT_DELETE_DOES } from '../../../domain/what-delete-does.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { NAME_PARAMS } from './function-schema.ts';

export function deleteFunction(app: App, { functions }: HttpDeps): void {
  app.delete(
    '/api/v1/functions/:name',
    {
      config: { access: 'deploy' },
      schema: {
        operationId: 'deleteFunction',
        tags: ['functions'],
        description: WHAT_DELETE_DOES,
        params: NAME_PARAMS,
        response: { 204: Type.Null(), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const ifMatch = request.headers['if-match'] ?? null;
      await functions.remove(request.principal.workspaceId, request.params.name, { ifMatch });
      return reply.code(204).send(null);
    },
  );
}
