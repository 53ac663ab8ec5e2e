import Type from 'typebox';
import { ISOLATIONS } from '../../../domain/names.ts';
import { LANGUAGES, RUNTIMES, runtimeRow } from '../../../domain/runtimes.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, pageOf } from '../../serving/queries/list-schema.ts';

const RUNTIME = Type.Object({
  runtime: oneOf(RUNTIMES),
  language: oneOf(LANGUAGES),
  isolations: Type.Array(oneOf(ISOLATIONS), { description: 'Those usable here that offer it.' }),
  target: Type.Object(
    {
      abi: Type.String({ description: 'Tag of its extensions: cp311, node137.' }),
      glibc: Type.String({ description: 'The newest glibc it may need.' }),
    },
    { description: 'What native code in a package must be built for.' },
  ),
});

export function listRuntimes(app: App, { platform }: HttpDeps): void {
  app.get(
    '/api/v1/runtimes',
    {
      config: { access: 'read' },
      schema: { operationId: 'listRuntimes', tags: ['platform'], response: { 200: pageOf(RUNTIME), default: PROBLEM } },
    },
    async () => {
      const items = (await platform.runtimes()).map(({ runtime, isolations }) => {
        const { language, target } = runtimeRow(runtime);
        return { runtime, language, isolations, target };
      });
      return { items, nextCursor: null };
    },
  );
}
