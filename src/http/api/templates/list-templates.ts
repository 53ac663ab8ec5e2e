import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { pageOf } from '../../serving/queries/list-schema.ts';
import { TEMPLATE_SUMMARY } from './template-schema.ts';

export function listTemplates(app: App, { templates }: HttpDeps): void {
  app.get(
    '/api/v1/templates',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listTemplates',
        tags: ['templates'],
        description: 'Functions to start from; each runs as it is.',
        response: { 200: pageOf(TEMPLATE_SUMMARY), default: PROBLEM },
      },
    },
    async () => ({ items: await templates.list(), nextCursor: null }),
  );
}
