import Type from 'typebox';
import type { App } from '../app-types.ts';
import type { HttpDeps } from '../deps.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { PROBLEM } from '../problem-schema.ts';

const CODE_VIEW = Type.Object({
  codeSha256: Type.String(),
  files: Type.Record(Type.String(), Type.String(), { description: 'Path to text.' }),
  binaryFiles: Type.Array(Type.Object({ path: Type.String(), sizeBytes: Type.Integer() }), {
    description: 'Files that are not text or too large to show.',
  }),
});

export function getCode(app: App, { functions }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/code',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'getCode',
        tags: ['code'],
        params: NAME_PARAMS,
        response: { 200: CODE_VIEW, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const code = await functions.getCode(request.principal.workspaceId, request.params.name);
      reply.header('etag', `"${code.codeSha256}"`);
      return code;
    },
  );
}
