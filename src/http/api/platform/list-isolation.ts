import Type from 'typebox';
import { ISOLATIONS, RUNTIMES } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf, pageOf } from '../../serving/queries/list-schema.ts';
import { ENFORCED } from '../invocations/invocation-schema.ts';

const ISOLATION = Type.Object({
  isolation: oneOf(ISOLATIONS),
  driver: nullable(Type.String()),
  state: Type.String({
    description:
      'usable, preparing, absent, not_running, no_permission, restricted or busy. Busy: newer trials had no time to end or failed, and that is no evidence yet. What `runtimes` lists then goes on being served.',
  }),
  detail: Type.String(),
  fix: nullable(Type.String()),
  fence: nullable(Type.String()),
  runtimes: Type.Array(oneOf(RUNTIMES)),
  enforced: nullable(ENFORCED),
  progress: nullable(Type.Number()),
  egress: nullable(Type.Object({ isProven: Type.Boolean(), detail: Type.String(), fix: nullable(Type.String()) })),
});

export function listIsolation(app: App, { platform }: HttpDeps): void {
  app.get(
    '/api/v1/isolation',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listIsolation',
        tags: ['platform'],
        response: { 200: pageOf(ISOLATION), default: PROBLEM },
      },
    },
    async () => ({ items: await platform.isolation(), nextCursor: null }),
  );
}
