import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { TEMPLATE } from './template-schema.ts';

const PARAMS = Type.Object({ template: Type.String({ maxLength: 128 }) });

export function getTemplate(app: App, { templates }: HttpDeps): void {
  app.get(
    '/api/v1/templates/:template',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getTemplate',
        tags: ['templates'],
        description: 'With its code and its events: `{...manifest, code: {files}}` is the body that creates it.',
        params: PARAMS,
        response: { 200: TEMPLATE, default: PROBLEM },
      },
    },
    // The manifest is checked by the test that deploys every template, not on each read.
    async (request, reply) => reply.send((await templates.get(request.params.template)) as never),
  );
}
