import Type from 'typebox';
import type { App } from '../../serving/app-types.ts';

/** The document tells only what everyone can read in the source code, so it needs no key. */
export function openApiDocument(app: App): void {
  app.get(
    '/api/v1/openapi.json',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'openApiDocument',
        tags: ['pages'],
        response: { 200: Type.Any({ description: 'OpenAPI 3.1' }) },
      },
    },
    async () => app.swagger(),
  );
}
