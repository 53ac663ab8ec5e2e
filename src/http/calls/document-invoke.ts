import Type from 'typebox';
import type { App } from '../serving/app-types.ts';
import { PROBLEM } from '../serving/problems/problem-schema.ts';
import type { InvokeEndpoint } from './invoke-endpoint.ts';

/**
 * The same endpoint for refs the lean way leaves to the router (those with escapes), and its page in the OpenAPI document.
 * The endpoint checks access and reads the body itself, hence `open` and no parser here.
 */
export function documentInvoke(app: App, endpoint: InvokeEndpoint): void {
  app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.post(
      '/api/v1/functions/:ref/invoke',
      {
        config: { access: 'open' },
        schema: {
          operationId: 'invokeFunction',
          tags: ['invoke'],
          description:
            'Body = the event (empty = {}), reply = the handler’s result. `ref` is a name or name:version. Needs scope `invoke`. Header coldframe-min-isolation refuses weaker isolations; coldframe-cancel-token lets /invocations/cancel end the call.',
          security: [{ key: [] }, { session: [] }],
          params: Type.Object({ ref: Type.String() }),
          response: {
            200: Type.Any({
              description: 'The result; headers coldframe-invocation-id, -start, -isolation, -duration-ms.',
            }),
            default: PROBLEM,
          },
        },
      },
      (request, reply) => {
        reply.hijack();
        endpoint.handle(request.raw, reply.raw, request.params.ref);
      },
    );
  });
}
