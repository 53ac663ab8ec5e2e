import Type from 'typebox';
import { COMPARED_STATES, COMPARISON_STATES, type Comparison } from '../../../domain/comparison.ts';
import { ISOLATIONS, RUNTIMES, STARTS } from '../../../domain/names.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';
import { ENFORCED } from '../invocations/invocation-schema.ts';

const FIGURE = nullable(Type.Number());

const STARTED = Type.Object(
  {
    start: oneOf(STARTS),
    calls: Type.Integer(),
    failed: Type.Integer(),
    p50Ms: FIGURE,
    p95Ms: FIGURE,
    p99Ms: FIGURE,
    cpuMs: nullable(Type.Number({ description: 'Of one call, median.' })),
    maxMemoryMib: FIGURE,
  },
  {
    description:
      'Calls of one kind of start. cold: from making a sandbox to the reply; claimed: from loading the code into a ready one; warm: from the call. Figures are of calls that went well; null means there was none, or it could not be measured.',
  },
);

const COMPARED = Type.Object({
  isolation: oneOf(ISOLATIONS),
  state: oneOf(COMPARED_STATES),
  reason: nullable(Type.String()),
  driver: nullable(Type.String()),
  fence: nullable(Type.String()),
  enforced: nullable(ENFORCED),
  starts: Type.Array(STARTED),
  failure: nullable(
    Type.Object({ code: Type.String(), errorType: nullable(Type.String()), errorMessage: nullable(Type.String()) }),
  ),
});

/** One comparison, running or kept. */
export const COMPARISON = Type.Object({
  id: Type.String(),
  functionId: Type.String(),
  functionName: Type.String(),
  revisionId: Type.String(),
  runtime: oneOf(RUNTIMES),
  state: oneOf(COMPARISON_STATES),
  count: Type.Integer(),
  timeLimitMs: Type.Integer(),
  callsDone: Type.Integer(),
  callsTotal: Type.Integer(),
  createdAt: Type.String(),
  finishedAt: nullable(Type.String()),
  isolations: Type.Array(COMPARED),
});

export const COMPARISON_PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** A comparison as the API sends it: without the workspace, which is the key's own. */
export function comparisonBody(comparison: Comparison) {
  const { workspaceId: _workspaceId, ...body } = comparison;
  return body;
}
