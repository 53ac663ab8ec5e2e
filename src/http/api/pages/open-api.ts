import swagger from '@fastify/swagger';
import type { App } from '../../serving/app-types.ts';
import { completeDocument } from './complete-document.ts';

/** The OpenAPI 3.1 document, made from the schemas the operations validate with. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Coldframe',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        description:
          'Self-hosted serverless functions. Send `Authorization: Bearer <key>`. Errors are RFC 9457 problems; each `type` has a page at `/errors/{code}`.',
      },
      // The server that the document was read from.
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'coldframe_session' },
        },
      },
      security: [{ key: [] }, { session: [] }],
    },
    transformObject: (document) =>
      'openapiObject' in document ? completeDocument(document.openapiObject) : document.swaggerObject,
    transform: ({ schema, url, route }) => {
      const access = route.config?.access;
      const transformed = { ...schema };
      if (access === 'open') transformed.security ??= [];
      else transformed.description = [schema?.description, `Needs scope \`${access}\`.`].filter(Boolean).join(' ');
      return { schema: transformed, url };
    },
  });
}
