import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { pageOf } from '../../serving/queries/list-schema.ts';
import { KEY_PROPERTIES } from './key-schema.ts';

/** Keys are few and in memory: one page holds them all. */
export function listKeys(app: App, { keys }: HttpDeps): void {
  app.get(
    '/api/v1/keys',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'listKeys',
        tags: ['keys'],
        response: { 200: pageOf(Type.Object(KEY_PROPERTIES)), default: PROBLEM },
      },
    },
    async (request) => ({ items: await keys.list(request.principal.workspaceId), nextCursor: null }),
  );
}
