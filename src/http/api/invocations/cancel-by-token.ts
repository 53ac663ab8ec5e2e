import Type from 'typebox';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import { CANCEL_TOKEN_PATTERN, type CancelTokens } from '../../calls/cancel-tokens.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';

const TOKEN = Type.Object(
  { token: Type.String({ pattern: CANCEL_TOKEN_PATTERN, description: 'As sent with the call.' }) },
  { additionalProperties: false },
);

/** For a caller who waits for a call and therefore does not know its id yet. */
export function cancelByToken(app: App, { invoker }: HttpDeps, tokens: CancelTokens): void {
  app.post(
    '/api/v1/invocations/cancel',
    {
      // The token proves that the call is the sender's own, whether it was an invoke or a try.
      config: { access: 'authenticated' },
      schema: {
        operationId: 'cancelByToken',
        tags: ['invocations'],
        description:
          'Cancels the call or try in flight that was sent with this text in its header coldframe-cancel-token. As with cancel by id, the handler is told to stop, and after 1 s its sandbox is killed.',
        body: TOKEN,
        response: { 202: Type.Object({ id: Type.String() }), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const id = tokens.idOf(workspaceId, request.body.token);
      if (id === null || !invoker.cancel(workspaceId, id)) throw new ColdframeError('invocation_not_found');
      reply.code(202).header('location', `/api/v1/invocations/${id}`);
      return { id };
    },
  );
}
