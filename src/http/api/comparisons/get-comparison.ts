import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf } from '../../serving/queries/list-schema.ts';
import { comparisonCsv } from './comparison-csv.ts';
import { COMPARISON, COMPARISON_PARAMS, comparisonBody } from './comparison-schema.ts';

const QUERY = Type.Object({ format: Type.Optional(oneOf(['json', 'csv'] as const)) }, { additionalProperties: false });

export function getComparison(app: App, { comparisons }: HttpDeps): void {
  app.get(
    '/api/v1/comparisons/:id',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getComparison',
        tags: ['comparisons'],
        description:
          'While it runs, as far as it has come. `?format=csv` or `Accept: text/csv` gives a row per isolation and kind of start.',
        params: COMPARISON_PARAMS,
        querystring: QUERY,
        response: {
          200: {
            description: 'The comparison, whole or as rows.',
            content: { 'application/json': { schema: COMPARISON }, 'text/csv': { schema: Type.String() } },
          },
          default: PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const comparison = await comparisons.get(request.principal.workspaceId, request.params.id);
      const format = request.query.format ?? (prefersCsv(request.headers.accept) ? 'csv' : 'json');
      if (format === 'json') return comparisonBody(comparison);
      const name = `comparison-${comparison.functionName}-${comparison.createdAt.slice(0, 10)}.csv`;
      reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}"`);
      return reply.send(comparisonCsv(comparison));
    },
  );
}

function prefersCsv(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((type) => type.split(';')[0]?.trim());
  return types.includes('text/csv') && !types.includes('application/json');
}
