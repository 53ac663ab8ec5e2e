import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { metricsRange } from './metrics-range.ts';
import { METRICS, METRICS_QUERY } from './metrics-schema.ts';

export function workspaceMetrics(app: App, { telemetry }: HttpDeps): void {
  app.get(
    '/api/v1/metrics',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'metrics',
        tags: ['metrics'],
        description: 'All functions together.',
        querystring: METRICS_QUERY,
        response: { 200: METRICS, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const range = metricsRange(request.query, Date.now());
      return telemetry.metrics({ workspaceId, ...range }, askerOf(request, reply));
    },
  );
}
