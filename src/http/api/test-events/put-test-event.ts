import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import type { BodyBudget } from '../../serving/body/body-budget.ts';
import { createRawBodyParser } from '../../serving/body/json-body-parser.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { eventTextOf, TEST_EVENT_MAX_BYTES, TEST_EVENT_PARAMS } from './test-event-schema.ts';

const SAVED = Type.Object({ name: Type.String() });

/** The body is the event itself, kept as it was sent. */
export function putTestEvent(app: App, { testEvents }: HttpDeps, budget: BodyBudget): void {
  app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', createRawBodyParser(budget));
    scope.put(
      '/api/v1/functions/:name/test-events/:event',
      {
        config: { access: 'deploy' },
        bodyLimit: TEST_EVENT_MAX_BYTES,
        schema: {
          operationId: 'putTestEvent',
          tags: ['test events'],
          params: TEST_EVENT_PARAMS,
          body: Type.Any({ description: 'The event, any JSON.' }),
          response: { 200: SAVED, 201: SAVED, default: PROBLEM },
        },
      },
      async (request, reply) => {
        const { name, event } = request.params;
        const text = eventTextOf(request.body as Buffer);
        const { created } = await testEvents.put(request.principal.workspaceId, name, event, text);
        reply.code(created ? 201 : 200);
        if (created)
          reply.header(
            'location',
            `/api/v1/functions/${encodeURIComponent(name)}/test-events/${encodeURIComponent(event)}`,
          );
        return { name: event };
      },
    );
  });
}
