import Type from 'typebox';
import { INVOCATION_STATES, OUTCOMES, STARTS } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, PAGE_QUERY, pageOf } from '../../serving/queries/list-schema.ts';
import { instantOf } from '../../serving/queries/time-query.ts';
import { invocationBody } from './invocation-body.ts';
import { INVOCATION } from './invocation-schema.ts';

const QUERY = Type.Object(
  {
    ...PAGE_QUERY,
    function: Type.Optional(Type.String({ maxLength: 64, description: 'A function’s name.' })),
    state: Type.Optional(oneOf(INVOCATION_STATES)),
    outcome: Type.Optional(oneOf(OUTCOMES)),
    start: Type.Optional(oneOf(STARTS)),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false },
);

export function listInvocations(app: App, { functions, records }: HttpDeps): void {
  app.get(
    '/api/v1/invocations',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listInvocations',
        tags: ['invocations'],
        description: 'Newest first.',
        querystring: QUERY,
        response: { 200: pageOf(INVOCATION), default: PROBLEM },
      },
    },
    async (request) => {
      const { workspaceId } = request.principal;
      const { function: functionName, from, to, ...rest } = request.query;
      const page = await records.list({
        ...rest,
        workspaceId,
        functionId: functionName === undefined ? undefined : functions.get(workspaceId, functionName).id,
        from: instantOf('from', from),
        to: instantOf('to', to),
      });
      return { items: page.items.map(invocationBody), nextCursor: page.nextCursor };
    },
  );
}
