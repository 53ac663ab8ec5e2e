import Type from 'typebox';
import type { Asker } from '../../../domain/asker.ts';
import { INVOCATION_STATES, OUTCOMES, STARTS } from '../../../domain/names.ts';
import type { WorkspaceId } from '../../../domain/workspace-id.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { oneOf, PAGE_QUERY, pageOf } from '../../serving/queries/list-schema.ts';
import { instantOf } from '../../serving/queries/time-query.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { invocationBody } from './invocation-body.ts';
import { INVOCATION } from './invocation-schema.ts';

const QUERY = Type.Object(
  {
    ...PAGE_QUERY,
    function: Type.Optional(
      Type.String({ maxLength: 64, description: 'A function’s name, also of one that is deleted; or its id.' }),
    ),
    state: Type.Optional(oneOf(INVOCATION_STATES)),
    outcome: Type.Optional(oneOf([...OUTCOMES, 'failed'] as const)),
    tried: Type.Optional(
      Type.Boolean({ description: 'Whether drafts that were only tried are in it; default false.' }),
    ),
    start: Type.Optional(oneOf(STARTS)),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false },
);

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function listInvocations(app: App, { functions, records }: HttpDeps): void {
  /**
   * A name means the function that has it now, or else whatever function had it before. Throws `function_not_found`
   * when there is neither.
   */
  async function ofFunction(
    workspaceId: WorkspaceId,
    name: string,
    asker: Asker,
  ): Promise<{ functionId?: string; functionName?: string }> {
    if (ID.test(name)) return { functionId: name };
    try {
      return { functionId: functions.get(workspaceId, name).id };
    } catch (error) {
      const { items } = await records.list({ workspaceId, functionName: name, tried: true, limit: 1 }, asker);
      if (items.length === 0) throw error;
      return { functionName: name };
    }
  }

  app.get(
    '/api/v1/invocations',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listInvocations',
        tags: ['invocations'],
        description:
          'Newest first. `outcome=failed` is error, timeout, oom and crashed. Records of a deleted function stay until they are older than what is kept.',
        querystring: QUERY,
        response: { 200: pageOf(INVOCATION), default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const { function: functionName, from, to, ...rest } = request.query;
      const asker = askerOf(request, reply);
      const query = {
        ...rest,
        ...(functionName === undefined ? {} : await ofFunction(workspaceId, functionName, asker)),
        workspaceId,
        from: instantOf('from', from),
        to: instantOf('to', to),
      };
      const page = await records.list(query, asker);
      return { items: page.items.map(invocationBody), nextCursor: page.nextCursor };
    },
  );
}
