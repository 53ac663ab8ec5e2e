import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { SESSION, sessionBody } from './session-schema.ts';

export function getSession(app: App): void {
  app.get(
    '/api/v1/session',
    {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'getSession',
        tags: ['session'],
        description: 'Who the request speaks for, by cookie or key.',
        response: { 200: SESSION, default: PROBLEM },
      },
    },
    async (request) => sessionBody(request.principal),
  );
}
