import Type from 'typebox';
import { OUTCOMES } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';
import { queryError, spanMsOf } from '../../serving/queries/time-query.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WINDOW_MIN_MS = 5 * MINUTE_MS;
/** With a longer window a list would be about the past. Charts of one function go further back. */
const WINDOW_MAX_MS = 7 * 24 * HOUR_MS;
/** Up to this window minutes are summed. More rows than that for each function would make the list slow. */
const MINUTES_WINDOW_MAX_MS = 3 * HOUR_MS;
const SPARKLINE_POINTS = 30;

const QUERY = Type.Object(
  {
    window: Type.String({ default: '1h', maxLength: 8, description: 'Ending now: 5m to 7d.' }),
  },
  { additionalProperties: false },
);

const ACTIVITY = Type.Object({
  functionId: Type.String(),
  functionName: Type.String(),
  invocations: Type.Integer(),
  errors: Type.Integer({ description: 'Attempts that failed: error, timeout, oom or crashed.' }),
  throttles: Type.Integer(),
  callsPerMinute: Type.Number(),
  errorRate: nullable(Type.Number({ description: 'Share of the attempts that ran, 0 to 1; null when none ran.' })),
  p95Ms: nullable(Type.Number()),
  lastOutcome: nullable(oneOf(OUTCOMES)),
  lastAt: nullable(Type.String()),
  sparkline: Type.Array(Type.Integer(), { description: 'Invocations by step.' }),
});

const ACTIVITIES = Type.Object({
  from: Type.String(),
  to: Type.String(),
  stepMs: Type.Integer(),
  items: Type.Array(ACTIVITY),
});

export function functionsActivity(app: App, { functions, telemetry }: HttpDeps): void {
  app.get(
    '/api/v1/metrics/functions',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'functionsActivity',
        tags: ['metrics'],
        description: 'What each function did lately, for lists; functions that were never called are not in it.',
        querystring: QUERY,
        response: { 200: ACTIVITIES, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const nowMs = Date.now();
      const windowMs = windowOf(request.query.window);
      const range = { from: new Date(nowMs - windowMs).toISOString(), to: new Date(nowMs).toISOString() };
      const query = { workspaceId, ...range, stepMs: stepOf(windowMs) };
      const { items, ...window } = await telemetry.functionsActivity(query, askerOf(request, reply));
      const minutes = (nowMs - Date.parse(window.from)) / MINUTE_MS;
      const names = functions.names(workspaceId);
      return {
        ...window,
        items: items.flatMap((item) => {
          const functionName = names.get(item.functionId);
          // The function was deleted since. Its records and charts stay until they are too old.
          if (functionName === undefined) return [];
          return [{ ...item, functionName, callsPerMinute: Math.round((item.invocations / minutes) * 100) / 100 }];
        }),
      };
    },
  );
}

function windowOf(window: string): number {
  const windowMs = spanMsOf('window', window);
  if (windowMs < WINDOW_MIN_MS || windowMs > WINDOW_MAX_MS) throw queryError('window', 'must be from 5m to 7d');
  return windowMs;
}

function stepOf(windowMs: number): number {
  const unitMs = windowMs <= MINUTES_WINDOW_MAX_MS ? MINUTE_MS : HOUR_MS;
  return Math.ceil(windowMs / SPARKLINE_POINTS / unitMs) * unitMs;
}
