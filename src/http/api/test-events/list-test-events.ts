import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable } from '../../serving/queries/list-schema.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';

/** Only names and times: the events themselves are read one by one. They are few enough for one page. */
const LIST = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), sizeBytes: Type.Integer(), updatedAt: Type.String() })),
  nextCursor: nullable(Type.String()),
});

export function listTestEvents(app: App, { testEvents }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/test-events',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listTestEvents',
        tags: ['test events'],
        params: NAME_PARAMS,
        response: { 200: LIST, default: PROBLEM },
      },
    },
    async (request) => {
      const rows = await testEvents.list(request.principal.workspaceId, request.params.name);
      const items = rows.map(({ name, event, updatedAt }) => ({
        name,
        sizeBytes: Buffer.byteLength(event),
        updatedAt,
      }));
      return { items, nextCursor: null };
    },
  );
}
