import type { Readable } from 'node:stream';
import Type from 'typebox';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';

const CODE_VIEW = Type.Object({
  codeSha256: Type.String(),
  files: Type.Record(Type.String(), Type.String(), { description: 'Path to text.' }),
  binaryFiles: Type.Array(Type.Object({ path: Type.String(), sizeBytes: Type.Integer() }), {
    description: 'Files that are not text or too large to show.',
  }),
  executableFiles: Type.Array(Type.String(), { description: 'Paths of the files, shown or not, that may be run.' }),
  links: Type.Array(Type.Object({ path: Type.String(), target: Type.String() }), {
    description: 'Symbolic links; each target is relative to the folder of its link, and stays inside the package.',
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
        description: 'With `Accept: application/zip` the same as an archive.',
        params: NAME_PARAMS,
        response: {
          200: {
            description: 'The code by file, or as an archive.',
            content: {
              'application/json': { schema: CODE_VIEW },
              'application/zip': {
                schema: Type.Unsafe<Readable>({ type: 'string', contentMediaType: 'application/zip' }),
              },
            },
          },
          default: PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const { name } = request.params;
      if (prefersZip(request.headers.accept)) {
        const zip = await functions.getCodeZip(workspaceId, name);
        return reply.type('application/zip').send(zip);
      }
      const code = await functions.getCode(workspaceId, name);
      reply.header('etag', `"${code.codeSha256}"`);
      return code;
    },
  );
}

function prefersZip(accept: string | undefined): boolean {
  return accept?.split(',').some((type) => type.split(';', 1)[0]?.trim().toLowerCase() === 'application/zip') === true;
}
