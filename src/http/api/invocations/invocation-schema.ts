import Type from 'typebox';
import {
  INVOCATION_STATES,
  ISOLATIONS,
  MODES,
  OUTCOMES,
  RUNTIMES,
  START_REASONS,
  STARTS,
  TRIGGERS,
} from '../../../domain/names.ts';
import { FUNCTION_ERROR } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';

export const ENFORCED = Type.Object({
  memory: Type.Boolean(),
  cpu: Type.Boolean(),
  pids: Type.Boolean(),
  disk: Type.Boolean(),
  network: Type.Boolean(),
});

const PHASES = Type.Object({
  queueMs: Type.Number(),
  claimMs: nullable(Type.Number()),
  loadMs: nullable(Type.Number()),
  importMs: nullable(Type.Number()),
  handlerMs: nullable(Type.Number()),
  totalMs: Type.Number(),
});

const USAGE = Type.Object(
  {
    cpuMs: nullable(Type.Number()),
    maxMemoryMib: nullable(Type.Number()),
    peakScope: nullable(oneOf(['attempt', 'sandbox'] as const)),
    source: nullable(Type.String()),
    shared: Type.Boolean(),
  },
  { description: 'null means it could not be measured.' },
);

const RECEIPT = Type.Object({
  isolation: oneOf(ISOLATIONS),
  driver: Type.String(),
  fence: Type.String(),
  imageDigest: nullable(Type.String()),
  codeSha256: Type.String(),
  dependencySetSha256: nullable(Type.String()),
  enforced: ENFORCED,
});

const LOG_LINE = Type.Object({
  at: Type.String(),
  stream: oneOf(['stdout', 'stderr'] as const),
  text: Type.String(),
});

const ATTEMPT = Type.Object({
  number: Type.Integer(),
  revisionId: Type.String(),
  runtime: oneOf(RUNTIMES),
  sandboxId: nullable(Type.String()),
  startedAt: Type.String(),
  outcome: oneOf(OUTCOMES),
  code: nullable(Type.String()),
  start: nullable(oneOf(STARTS)),
  startReason: nullable(oneOf(START_REASONS)),
  phases: PHASES,
  usage: USAGE,
  receipt: nullable(RECEIPT),
  error: nullable(FUNCTION_ERROR),
  logs: Type.Array(LOG_LINE),
  logsTruncated: Type.Boolean(),
  clientGone: Type.Boolean(),
});

/** One call with its attempts. */
export const INVOCATION = Type.Object({
  id: Type.String(),
  functionId: Type.String(),
  functionName: Type.String(),
  mode: oneOf(MODES),
  trigger: oneOf(TRIGGERS),
  state: oneOf(INVOCATION_STATES),
  outcome: nullable(oneOf(OUTCOMES)),
  isolation: nullable(oneOf(ISOLATIONS)),
  start: nullable(oneOf(STARTS)),
  startedAt: Type.String(),
  finishedAt: nullable(Type.String()),
  durationMs: nullable(Type.Number()),
  eventBytes: Type.Integer(),
  resultBytes: nullable(Type.Integer()),
  event: nullable(Type.String({ description: 'Captured JSON text.' })),
  result: nullable(Type.String({ description: 'Captured JSON text.' })),
  attempts: Type.Array(ATTEMPT),
});

export const INVOCATION_PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });
