import Type from 'typebox';
import { COMPARISON_LIMITS } from '../../../domain/comparison.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { ISOLATIONS } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import type { BodyBudget } from '../../serving/body/body-budget.ts';
import { withEventBody } from '../../serving/body/event-body.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { COMPARISON, comparisonBody } from './comparison-schema.ts';

const REST_OF_BODY_BYTES = 16 * 1024;
const { count, timeLimitMs } = COMPARISON_LIMITS;

const START = Type.Object(
  {
    isolations: Type.Optional(
      Type.Array(Type.String({ maxLength: 32 }), {
        minItems: 1,
        maxItems: ISOLATIONS.length,
        description: `Of ${ISOLATIONS.join(', ')}. Absent: all but process.`,
      }),
    ),
    count: Type.Optional(
      Type.Integer({
        minimum: count.min,
        maximum: count.max,
        description: `Calls of each kind of start under each isolation; default ${count.default}.`,
      }),
    ),
    timeLimitMs: Type.Optional(
      Type.Integer({
        minimum: timeLimitMs.min,
        maximum: timeLimitMs.max,
        description: `For each isolation; what was measured until then counts. Default ${timeLimitMs.default}.`,
      }),
    ),
    event: Type.Optional(Type.Any({ description: 'Any JSON, the same for every call; absent means {}.' })),
  },
  { additionalProperties: false },
);

/** It runs under isolations that the author did not choose, so it needs the scope to deploy. */
export function startComparison(app: App, { comparisons }: HttpDeps, budget: BodyBudget): void {
  withEventBody(app, budget, (scope, eventOf) => {
    scope.post(
      '/api/v1/functions/:name/comparisons',
      {
        config: { access: 'deploy' },
        bodyLimit: LIMITS.payloadMaxBytes + REST_OF_BODY_BYTES,
        schema: {
          operationId: 'startComparison',
          tags: ['comparisons'],
          description:
            'Runs the deployed function the same number of times under several isolations, one after another, in sandboxes of their own. One at a time. Its calls make no invocation records.',
          params: NAME_PARAMS,
          body: START,
          response: { 202: COMPARISON, default: PROBLEM },
        },
      },
      async (request, reply) => {
        const { isolations = null, ...bounds } = request.body;
        const { workspaceId } = request.principal;
        const event = eventOf(request.body);
        const comparison = await comparisons.start(workspaceId, request.params.name, { ...bounds, isolations, event });
        reply.code(202).header('location', `/api/v1/comparisons/${comparison.id}`);
        return comparisonBody(comparison);
      },
    );
  });
}
