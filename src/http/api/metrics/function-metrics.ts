import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { metricsRange } from './metrics-range.ts';
import { METRICS, METRICS_QUERY } from './metrics-schema.ts';

export function functionMetrics(app: App, { functions, telemetry }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/metrics',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'functionMetrics',
        tags: ['metrics'],
        params: NAME_PARAMS,
        querystring: METRICS_QUERY,
        response: { 200: METRICS, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const functionId = functions.get(workspaceId, request.params.name).id;
      const range = metricsRange(request.query, Date.now());
      return telemetry.metrics({ workspaceId, functionId, ...range }, askerOf(request, reply));
    },
  );
}
