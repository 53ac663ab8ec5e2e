import Type from 'typebox';
import { NAME_PATTERN } from '../../../domain/limits.ts';
import { SCOPES } from '../../../domain/names.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';
import { KEY_PROPERTIES } from './key-schema.ts';

const CREATE_KEY = Type.Object(
  {
    name: Type.String({ pattern: NAME_PATTERN }),
    scopes: Type.Array(oneOf(SCOPES), { minItems: 1, uniqueItems: true }),
    expiresAt: Type.Optional(nullable(Type.String({ maxLength: 40, description: 'RFC 3339; absent or null: never.' }))),
  },
  { additionalProperties: false },
);

const CREATED_KEY = Type.Object({ ...KEY_PROPERTIES, secret: Type.String({ description: 'Shown this once.' }) });

export function createKey(app: App, { keys }: HttpDeps): void {
  app.post(
    '/api/v1/keys',
    {
      config: { access: 'admin' },
      schema: {
        operationId: 'createKey',
        tags: ['keys'],
        description:
          'Whoever may deploy can read the secrets of functions: code can print them, and `try` runs any code. A key of scope `deploy` is as secret as they are.',
        body: CREATE_KEY,
        response: { 201: CREATED_KEY, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { name, scopes, expiresAt } = request.body;
      const input = { name, scopes, expiresAt: expiryOf(expiresAt) };
      const key = await keys.create(request.principal.workspaceId, input);
      reply.code(201).header('location', `/api/v1/keys/${key.id}`);
      return key;
    },
  );
}

function expiryOf(value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  const at = Date.parse(value);
  if (at > Date.now()) return new Date(at).toISOString();
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/expiresAt', message: 'must be an RFC 3339 time in the future' }],
  });
}
