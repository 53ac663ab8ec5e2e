import type { CreateFunction } from '../../../catalog/catalog-input.ts';
import { LIMITS } from '../../../domain/limits.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { codeOf, functionBody } from './function-body.ts';
import { CREATE_FUNCTION, FUNCTION } from './function-schema.ts';

/** JSON escapes can double the size of code on its way. The catalog bounds what it unpacks to. */
const BODY_LIMIT_BYTES = 2 * LIMITS.codeJsonMaxBytes;

export function createFunction(app: App, { functions, config }: HttpDeps): void {
  app.post(
    '/api/v1/functions',
    {
      config: { access: 'deploy' },
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'createFunction',
        tags: ['functions'],
        body: CREATE_FUNCTION,
        response: { 201: FUNCTION, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const input = { ...request.body, code: codeOf(request.body.code, '/code') } as CreateFunction;
      const view = await functions.create(request.principal.workspaceId, input, {});
      reply.code(201).header('location', `/api/v1/functions/${view.name}`).header('etag', view.etag);
      return functionBody(view, config);
    },
  );
}
