import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';

export function prometheus(app: App, deps: HttpDeps): void {
  app.get(
    '/metrics',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'prometheus',
        tags: ['platform'],
        description: 'Prometheus text of the platform itself.',
        response: {
          200: { description: 'Text of version 0.0.4.', content: { 'text/plain': { schema: Type.String() } } },
          default: PROBLEM,
        },
      },
    },
    async (_request, reply) => {
      const { contentType, body } = await deps.prometheus();
      reply.header('content-type', contentType);
      return body;
    },
  );
}
