import Type from 'typebox';
import { ISOLATIONS } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';

const PLATFORM = Type.Object({
  version: Type.String(),
  instance: Type.String(),
  dataDir: Type.String(),
  startedAt: Type.String(),
  functionOrigin: Type.String({ description: 'Where function URLs answer.' }),
  warnings: Type.Array(Type.String()),
  preparing: Type.Array(
    Type.Object({ name: Type.String(), detail: Type.String(), progress: nullable(Type.Number()) }),
    { description: 'What is being made ready, and how far (0 to 1).' },
  ),
  stuck: Type.Array(
    Type.Object({
      sandboxId: Type.String(),
      isolation: oneOf(ISOLATIONS),
      limitMib: Type.Number({ description: 'Kept in the sum of all memory limits until it is gone.' }),
      tries: Type.Integer({ description: 'Tries of removing it, all failed.' }),
      since: Type.String({ description: 'When the first try failed.' }),
      reason: Type.String({ description: 'What the newest try failed at.' }),
    }),
    { description: 'Sandboxes that could not be removed from the host yet, at most 100; each is tried again.' },
  ),
});

export function getPlatform(app: App, { platform, config }: HttpDeps): void {
  app.get(
    '/api/v1/platform',
    {
      config: { access: 'read' },
      schema: { operationId: 'platform', tags: ['platform'], response: { 200: PLATFORM, default: PROBLEM } },
    },
    async () => ({ ...(await platform.platform()), functionOrigin: config.functionOrigin() }),
  );
}
