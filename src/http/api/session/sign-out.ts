import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { sessionTokensOf } from '../../serving/own-cookies.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { sessionCookie } from './session-schema.ts';

export function signOut(app: App, { auth, config }: HttpDeps): void {
  app.delete(
    '/api/v1/session',
    {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'signOut',
        tags: ['session'],
        response: { 204: Type.Null(), default: PROBLEM },
      },
    },
    async (request, reply) => {
      for (const token of sessionTokensOf(request.headers)) await auth.closeSession(token);
      return reply
        .code(204)
        .header('set-cookie', sessionCookie('', 0, config.publicUrl))
        .send(null);
    },
  );
}
