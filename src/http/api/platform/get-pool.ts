import Type from 'typebox';
import { ISOLATIONS, RUNTIMES } from '../../../domain/names.ts';
import type { HttpDeps } from '../../deps.ts';
import type { App } from '../../serving/app-types.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';
import { nullable, oneOf } from '../../serving/queries/list-schema.ts';

const COUNTS = Type.Object({
  ready: Type.Integer(),
  bound: Type.Integer(),
  busy: Type.Integer(),
  creating: Type.Integer(),
});

const POOL = Type.Object({
  idleBudgetMib: Type.Number(),
  idleMib: Type.Number(),
  sandboxes: Type.Array(
    Type.Object({
      id: Type.String(),
      isolation: oneOf(ISOLATIONS),
      runtime: oneOf(RUNTIMES),
      memoryMib: Type.Number(),
      state: Type.String(),
      functionName: nullable(Type.String()),
      inFlight: Type.Integer(),
      idleMs: Type.Number(),
      ageMs: Type.Number(),
    }),
  ),
  byIsolation: Type.Object(Object.fromEntries(ISOLATIONS.map((name) => [name, Type.Optional(COUNTS)]))),
  queued: Type.Integer(),
});

export function getPool(app: App, { pool }: HttpDeps): void {
  app.get(
    '/api/v1/pool',
    {
      config: { access: 'read' },
      schema: { operationId: 'pool', tags: ['platform'], response: { 200: POOL, default: PROBLEM } },
    },
    async () => pool.snapshot(),
  );
}
