import Type from 'typebox';
import { OUTCOMES } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';
import { instantOf } from '../../serving/queries/time-query.ts';
import { askerOf } from '../../serving/shares/asker-of.ts';
import { NAME_PARAMS } from '../functions/function-schema.ts';
import { frameLocation } from './frame-location.ts';

const GROUP = Type.Object({
  errorType: Type.String(),
  outcome: oneOf(OUTCOMES),
  topFrame: nullable(
    Type.Object(
      { text: Type.String(), file: nullable(Type.String()), line: nullable(Type.Integer()) },
      { description: 'The innermost frame in the author’s own code, as the runtime prints it, and where that is.' },
    ),
  ),
  count: Type.Integer(),
  firstAt: Type.String(),
  lastAt: Type.String(),
  lastInvocationId: Type.String(),
  lastMessage: Type.String({ description: 'At most 500 characters.' }),
});

const ERRORS = Type.Object({
  groups: Type.Array(GROUP, { description: 'The most frequent first; at most 100.' }),
  failures: Type.Integer({ description: 'Failures looked at: the newest 10,000 of the range.' }),
  isComplete: Type.Boolean({ description: 'False when the range holds more than was looked at.' }),
});

const QUERY = Type.Object(
  {
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
    tried: Type.Optional(
      Type.Boolean({ description: 'Whether drafts that were only tried are in it; default false.' }),
    ),
  },
  { additionalProperties: false },
);

export function functionErrors(app: App, { functions, telemetry }: HttpDeps): void {
  app.get(
    '/api/v1/functions/:name/errors',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'functionErrors',
        tags: ['invocations'],
        description: 'Failed invocations grouped by error type and top frame, with first and last seen.',
        params: NAME_PARAMS,
        querystring: QUERY,
        response: { 200: ERRORS, default: PROBLEM },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.principal;
      const query = {
        workspaceId,
        functionId: functions.get(workspaceId, request.params.name).id,
        from: instantOf('from', request.query.from),
        to: instantOf('to', request.query.to),
        tried: request.query.tried,
      };
      const { groups, ...rest } = await telemetry.functionErrors(query, askerOf(request, reply));
      return { groups: groups.map((group) => ({ ...group, topFrame: frameBody(group.topFrame) })), ...rest };
    },
  );
}

function frameBody(text: string | null) {
  if (text === null) return null;
  const at = frameLocation(text);
  return { text, file: at?.file ?? null, line: at?.line ?? null };
}
