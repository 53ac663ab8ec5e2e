import Type from 'typebox';
import type { SettingsPatch } from '../../../catalog/catalog-input.ts';
import { LIMITS } from '../../../domain/limits.ts';
import { CallerGone } from '../../calls/caller-gone.ts';
import { type CancelTokens, cancelTokenOf } from '../../calls/cancel-tokens.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import type { BodyBudget } from '../../serving/body/body-budget.ts';
import { withEventBody } from '../../serving/body/event-body.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { sendJsonText } from '../../serving/replies/send-json-text.ts';
import { CallerShares } from '../../serving/shares/caller-shares.ts';
import { codeOf } from '../functions/function-body.ts';
import { CODE, NAME_PARAMS, PATCH_FUNCTION } from '../functions/function-schema.ts';
import { INVOCATION_OUTCOME, maySeeLogs, outcomeJson } from '../invocations/invocation-outcome.ts';

const BODY_LIMIT_BYTES = LIMITS.codeJsonMaxBytes + LIMITS.payloadMaxBytes;
/** As many as the pool runs at once: a sandbox each. */
const TRIES_MAX = 64;
/** A fifth: whoever holds one key never keeps the others from trying. */
const TRIES_EACH_MAX = 13;

const TRY = Type.Object(
  {
    code: Type.Optional(CODE),
    settings: Type.Optional(PATCH_FUNCTION),
    event: Type.Optional(Type.Any({ description: 'Any JSON; absent means {}.' })),
  },
  { additionalProperties: false },
);

interface TryParts {
  budget: BodyBudget;
  cancelTokens: CancelTokens;
}

/**
 * Answers 200 with the record whatever the code did. A refusal that ran nothing is a problem. The event's bytes go on
 * unparsed.
 */
export function tryFunction(app: App, deps: HttpDeps, { budget, cancelTokens }: TryParts): void {
  const shares = new CallerShares({ what: 'tries', total: TRIES_MAX, each: TRIES_EACH_MAX });
  withEventBody(app, budget, (scope, eventOf) => {
    scope.post(
      '/api/v1/functions/:name/try',
      {
        config: { access: 'deploy' },
        bodyLimit: BODY_LIMIT_BYTES,
        schema: {
          operationId: 'tryFunction',
          tags: ['try'],
          description:
            'Runs unsaved code or settings in a sandbox of its own; deploys nothing. The function need not exist yet when `code` and `settings.runtime` are given. Header coldframe-cancel-token lets /invocations/cancel end it.',
          params: NAME_PARAMS,
          body: TRY,
          response: { 200: INVOCATION_OUTCOME, default: PROBLEM },
        },
      },
      async (request, reply) => {
        const { code, settings } = request.body;
        const { workspaceId } = request.principal;
        const token = cancelTokenOf(request.headers);
        const leave = shares.enter(request.principal);
        const result = await deps.tryRunner
          .run({
            workspaceId,
            functionName: request.params.name,
            code: code === undefined ? null : codeOf(code, '/code'),
            settings: (settings as SettingsPatch | undefined) ?? null,
            event: eventOf(request.body),
            clientGone: new CallerGone(reply.raw),
            onBegun: (id) => token !== null && cancelTokens.begin(workspaceId, token, id),
          })
          .finally(leave);
        if (token !== null) cancelTokens.end(workspaceId, token, result.id);
        return sendJsonText(reply, await outcomeJson(result, maySeeLogs(request.principal)));
      },
    );
  });
}
