import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { PAGE_QUERY, pageOf } from '../../serving/queries/list-schema.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { COMPARISON, comparisonBody } from './comparison-schema.ts';

export function listComparisons(app: App, { comparisons, functions }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/comparisons',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listComparisons',
        tags: ['comparisons'],
        description: 'Newest first; the newest 50 of a function are kept.',
        params: NAME_PARAMS,
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: pageOf(COMPARISON), default: PROBLEM },
      },
    },
    async (request) => {
      const { workspaceId } = request.principal;
      const { id } = functions.get(workspaceId, request.params.name);
      const page = await comparisons.list(workspaceId, id, request.query);
      return { items: page.items.map(comparisonBody), nextCursor: page.nextCursor };
    },
  );
}
