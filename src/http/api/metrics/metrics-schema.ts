import Type from 'typebox';
import { ISOLATIONS, STARTS } from '../../../domain/names.ts';
import { nullable } from '../../serving/queries/list-schema.ts';

const FIGURES = {
  invocations: Type.Integer(),
  errors: Type.Integer({ description: 'Attempts that failed: error, timeout, oom or crashed.' }),
  errorRate: nullable(Type.Number({ description: 'Share of the attempts that ran, 0 to 1; null when none ran.' })),
  throttles: Type.Integer(),
  cold: Type.Integer(),
  claimed: Type.Integer(),
  warm: Type.Integer(),
  p50Ms: nullable(Type.Number()),
  p95Ms: nullable(Type.Number()),
  p99Ms: nullable(Type.Number()),
  cpuMs: nullable(Type.Number()),
  maxMemoryMib: nullable(Type.Number()),
  averageConcurrency: Type.Number({ description: 'Attempts in flight on average.' }),
};

const TOTALS = Type.Object(FIGURES);

export const METRICS = Type.Object({
  from: Type.String(),
  to: Type.String(),
  stepMs: Type.Integer(),
  points: Type.Array(Type.Object({ at: Type.String(), ...FIGURES })),
  totals: TOTALS,
  byIsolation: Type.Object(Object.fromEntries(ISOLATIONS.map((name) => [name, Type.Optional(TOTALS)]))),
  byStart: Type.Object(Object.fromEntries(STARTS.map((name) => [name, Type.Optional(TOTALS)]))),
});

export const METRICS_QUERY = Type.Object(
  {
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
    stepMs: Type.Optional(Type.Integer({ minimum: 60_000 })),
    window: Type.Optional(
      Type.String({ maxLength: 8, description: 'Such as 1h or 7d, ending now; instead of from and to.' }),
    ),
    step: Type.Optional(Type.String({ maxLength: 8, description: 'Such as 1m or 1h; instead of stepMs.' })),
  },
  { additionalProperties: false },
);
