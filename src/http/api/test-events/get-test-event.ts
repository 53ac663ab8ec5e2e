import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { sendJsonText } from '../../serving/replies/send-json-text.ts';
import { TEST_EVENT, TEST_EVENT_PARAMS } from './test-event-schema.ts';

export function getTestEvent(app: App, { testEvents }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/test-events/:event',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getTestEvent',
        tags: ['test events'],
        params: TEST_EVENT_PARAMS,
        response: { 200: TEST_EVENT, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { name, event } = request.params;
      const row = await testEvents.get(request.principal.workspaceId, name, event);
      // The event's own text goes in unchanged: parsing and writing it again would change numbers such as 1.0.
      const [rowName, updatedAt] = [JSON.stringify(row.name), JSON.stringify(row.updatedAt)];
      return sendJsonText(reply, `{"name":${rowName},"event":${row.event},"updatedAt":${updatedAt}}`);
    },
  );
}
