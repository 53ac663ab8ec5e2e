import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';

const LINK = Type.Object({
  token: Type.String({ description: 'Goes behind `/#token=` of the console; works once.' }),
  expiresAt: Type.String(),
});
const LIFETIME_MS = 10 * 60_000;

/** What `coldframe open` asks for. */
export function createSignInLink(app: App, { auth }: HttpDeps): void {
  app.post(
    '/api/v1/session/links',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'createSignInLink',
        tags: ['session'],
        description: 'A token that signs one browser in, once, within 10 minutes.',
        response: { 201: LINK, default: PROBLEM },
      },
    },
    async (request, reply) => {
      reply.code(201);
      return {
        token: auth.mintLinkToken(request.principal.keyId),
        expiresAt: new Date(Date.now() + LIFETIME_MS).toISOString(),
      };
    },
  );
}
