import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, PAGE_QUERY, pageOf } from '../../serving/queries/list-schema.ts';
import { functionBody } from './function-body.ts';
import { FUNCTION } from './function-schema.ts';

const SORTS = ['name', '-name', 'createdAt', '-createdAt', 'updatedAt', '-updatedAt'] as const;

const QUERY = Type.Object(
  {
    ...PAGE_QUERY,
    q: Type.Optional(Type.String({ maxLength: 256, description: 'Part of a name, description or tag.' })),
    sort: Type.Optional(oneOf(SORTS)),
  },
  { additionalProperties: false },
);

export function listFunctions(app: App, { functions, config }: HttpDeps): void {
  app.get(
    '/api/v1/functions',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listFunctions',
        tags: ['functions'],
        querystring: QUERY,
        response: { 200: pageOf(FUNCTION), default: PROBLEM },
      },
    },
    async (request) => {
      const page = functions.list(request.principal.workspaceId, request.query);
      return { items: page.items.map((view) => functionBody(view, config)), nextCursor: page.nextCursor };
    },
  );
}
