import Type from 'typebox';
import { ISOLATIONS } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf } from '../../serving/queries/list-schema.ts';

const HEALTH = Type.Object({ status: Type.Literal('ok') });
const READY = Type.Object({ ready: Type.Boolean(), reason: Type.Optional(Type.String()) });
const READY_QUERY = Type.Object({ isolation: Type.Optional(oneOf(ISOLATIONS)) }, { additionalProperties: false });

/** `/healthz`: the process answers. `/readyz`: API, store and an isolation (or the one asked for) are ready. */
export function health(app: App, { platform }: HttpDeps): void {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: { operationId: 'healthz', tags: ['platform'], response: { 200: HEALTH } },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'readyz',
        tags: ['platform'],
        querystring: READY_QUERY,
        response: { 200: READY, 503: READY, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const reason = await platform.notReady(request.query.isolation ?? null);
      if (reason === null) return { ready: true };
      reply.code(503).header('retry-after', '1');
      return { ready: false, reason };
    },
  );
}
