import type { IncomingMessage } from 'node:http';
import type { Principal } from '../../../auth/principal.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { CallerShares } from '../../serving/shares/caller-shares.ts';
import { type CodeBody, codeOf, functionBody } from '../functions/function-body.ts';
import { CODE, FUNCTION, NAME_PARAMS } from '../functions/function-schema.ts';
import { withReceivedZip } from './receive-zip.ts';
import { UploadRoom } from './upload-room.ts';

const BODY_LIMIT_BYTES = 2 * LIMITS.codeJsonMaxBytes;
/** Zips that are received or unpacked at once: each may hold its own size and what it unpacks to. */
const UPLOADS_MAX = 20;
/** A fifth: whoever holds one key never keeps the others from deploying. */
const UPLOADS_EACH_MAX = 4;

/** Takes JSON code or a raw zip, which is streamed to disk and never held in memory. */
export function putCode(app: App, { functions, config }: HttpDeps): void {
  const room = new UploadRoom();
  const shares = new CallerShares({ what: 'uploads', total: UPLOADS_MAX, each: UPLOADS_EACH_MAX });
  const upload = async <T>(
    principal: Principal,
    body: IncomingMessage,
    use: (zipPath: string) => Promise<T>,
  ): Promise<T> => {
    const leave = shares.enter(principal);
    return await withReceivedZip(body, { uploadDir: config.uploadDir, room }, use).finally(leave);
  };
  app.register(async (scope: App) => {
    scope.addContentTypeParser('application/zip', { bodyLimit: LIMITS.zipMaxBytes }, (_request, payload, done) => {
      done(null, payload);
    });
    scope.put(
      '/api/v1/functions/:name/code',
      {
        config: { access: 'deploy' },
        bodyLimit: BODY_LIMIT_BYTES,
        schema: {
          operationId: 'putCode',
          tags: ['code'],
          params: NAME_PARAMS,
          body: {
            content: {
              'application/json': { schema: CODE },
              'application/zip': { schema: { type: 'string', contentMediaType: 'application/zip' } },
            },
          },
          response: { 200: FUNCTION, default: PROBLEM },
        },
        // The zip's "body" is a stream, which no schema describes.
        validatorCompiler: ({ schema }) => {
          const validate = app.validatorCompiler?.({ schema, method: 'PUT', url: '', httpPart: 'body' });
          return (body: unknown) => (isStream(body) ? { value: body } : (validate?.(body) ?? { value: body }));
        },
      },
      async (request, reply) => {
        const body = request.body as IncomingMessage | CodeBody | null | undefined;
        // Which schema holds is chosen by the content type, and without a body there may be none.
        if (body == null)
          throw new ColdframeError('invalid_request', {
            errors: [{ path: '', message: 'must be code or a zip archive' }],
          });
        const { workspaceId } = request.principal;
        const { name } = request.params;
        const options = { ifMatch: request.headers['if-match'] ?? null };
        functions.get(workspaceId, name);
        const view = isStream(body)
          ? await upload(request.principal, body, (zipPath) =>
              functions.putCode(workspaceId, name, { zipPath }, options),
            )
          : await functions.putCode(workspaceId, name, codeOf(body, ''), options);
        reply.header('etag', view.etag);
        return functionBody(view, config);
      },
    );
  });
}

function isStream(body: unknown): body is IncomingMessage {
  return typeof (body as IncomingMessage | null)?.pipe === 'function';
}
