import Type from 'typebox';
import { ISOLATIONS, RUNTIMES } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, pageOf } from '../../serving/queries/list-schema.ts';

const RUNTIME = Type.Object({
  runtime: oneOf(RUNTIMES),
  isolations: Type.Array(oneOf(ISOLATIONS), { description: 'Those usable here that offer it.' }),
});

export function listRuntimes(app: App, { platform }: HttpDeps): void {
  app.get(
    '/api/v1/runtimes',
    {
      config: { access: 'read' },
      schema: { operationId: 'listRuntimes', tags: ['platform'], response: { 200: pageOf(RUNTIME), default: PROBLEM } },
    },
    async () => ({ items: await platform.runtimes(), nextCursor: null }),
  );
}
