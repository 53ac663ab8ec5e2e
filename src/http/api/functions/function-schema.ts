import Type from 'typebox';
import { LIMITS, NAME_PATTERN } from '../../../domain/limits.ts';
import { CAPTURES, FUNCTION_STATES, ISOLATION_CHOICES, ISOLATIONS, NETWORKS, RUNTIMES } from '../../../domain/names.ts';
import { oneOf } from '../../serving/queries/list-schema.ts';

const STRICT = { additionalProperties: false };
const NAMES_MAX = 100;

function whole(range: { min: number; max: number }) {
  return Type.Integer({ minimum: range.min, maximum: range.max });
}

const CORS = Type.Object(
  {
    allowOrigins: Type.Optional(Type.Array(Type.String({ maxLength: 253 }), { maxItems: NAMES_MAX })),
    allowMethods: Type.Optional(Type.Array(Type.String({ maxLength: 16 }), { maxItems: NAMES_MAX })),
    allowHeaders: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: NAMES_MAX })),
    exposeHeaders: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: NAMES_MAX })),
    allowCredentials: Type.Optional(Type.Boolean()),
    maxAgeSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  },
  STRICT,
);

const URL_AUTH = oneOf(['key', 'none'] as const);
const ROUTE = Type.Object(
  {
    method: Type.String({ pattern: '^[A-Z]{1,16}$', description: 'An HTTP method, or ANY.' }),
    path: Type.String({ pattern: '^/', maxLength: 512, description: 'May hold {name} and end in {name+}.' }),
  },
  STRICT,
);
const ROUTES = Type.Array(ROUTE, { maxItems: NAMES_MAX });
const TAG = Type.String({ maxLength: 256 });

/** The scalar settings. They are the same in create, patch (nullable there) and replies. */
const SCALARS = {
  handler: Type.String({ minLength: 1, maxLength: 256, description: 'file.function; default index.handler.' }),
  timeoutMs: whole(LIMITS.timeoutMs),
  initTimeoutMs: whole(LIMITS.initTimeoutMs),
  queueTimeoutMs: whole(LIMITS.queueTimeoutMs),
  memoryMib: whole(LIMITS.memoryMib),
  cpus: Type.Number({ minimum: LIMITS.cpus.min, maximum: LIMITS.cpus.max }),
  concurrencyPerSandbox: whole(LIMITS.concurrencyPerSandbox),
  maxConcurrency: whole(LIMITS.maxConcurrency),
  minWarm: whole(LIMITS.minWarm),
  diskMib: whole(LIMITS.diskMib),
  network: oneOf(NETWORKS),
  capture: oneOf(CAPTURES),
  description: Type.String({ maxLength: 1_024 }),
};

/** Any text is taken: the catalog says which runtimes and isolations exist (`unknown_runtime`, `unknown_isolation`). */
const RUNTIME_NAME = Type.String({
  minLength: 1,
  maxLength: 64,
  description: `${RUNTIMES.join(', ')}, or nodejs, python.`,
});
const ISOLATION_NAME = Type.String({ minLength: 1, maxLength: 64, description: ISOLATION_CHOICES.join(', ') });

const SECRET = Type.Object({ secret: Type.String() }, STRICT);
const KEPT_SECRET = Type.Object({ secret: Type.Literal(true) }, STRICT);

type Optionals<T extends Record<string, Type.TSchema>> = { [K in keyof T]: Type.TOptional<T[K]> };
type Nullables<T extends Record<string, Type.TSchema>> = {
  [K in keyof T]: Type.TOptional<Type.TUnion<[T[K], Type.TNull]>>;
};

function optionals<T extends Record<string, Type.TSchema>>(schemas: T): Optionals<T> {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, Type.Optional(one)])) as Optionals<T>;
}

function nullables<T extends Record<string, Type.TSchema>>(schemas: T): Nullables<T> {
  const entries = Object.entries(schemas).map(([name, one]) => [name, Type.Optional(Type.Union([one, Type.Null()]))]);
  return Object.fromEntries(entries) as Nullables<T>;
}

const SETTINGS = {
  ...optionals(SCALARS),
  isolation: Type.Optional(ISOLATION_NAME),
  routes: Type.Optional(ROUTES),
  url: Type.Optional(Type.Object({ auth: Type.Optional(URL_AUTH), cors: Type.Optional(CORS) }, STRICT)),
  tags: Type.Optional(Type.Record(Type.String(), TAG)),
};

const WHOLE_CODE = {
  source: Type.Optional(Type.String({ description: 'One file: index.js or index.py.' })),
  files: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Path to text.' })),
};

/** Exactly one of the two. The handler checks it, because its message is clearer than a union's. */
const NEW_CODE = Type.Object(WHOLE_CODE, STRICT);

/** Exactly one of the three. */
export const CODE = Type.Object(
  {
    ...WHOLE_CODE,
    changes: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]), {
        description: 'Path to text, put over the deployed code; null takes a file away, what is not named stays.',
      }),
    ),
  },
  STRICT,
);

export const CREATE_FUNCTION = Type.Object(
  {
    name: Type.String({ pattern: NAME_PATTERN }),
    runtime: RUNTIME_NAME,
    code: NEW_CODE,
    ...SETTINGS,
    env: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), SECRET]))),
  },
  STRICT,
);

export const PATCH_FUNCTION = Type.Object(
  {
    ...nullables(SCALARS),
    runtime: Type.Optional(RUNTIME_NAME),
    isolation: Type.Optional(Type.Union([ISOLATION_NAME, Type.Null()])),
    routes: Type.Optional(Type.Union([ROUTES, Type.Null()])),
    url: Type.Optional(Type.Union([Type.Object(nullables({ auth: URL_AUTH, cors: CORS }), STRICT), Type.Null()])),
    tags: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Union([TAG, Type.Null()])), Type.Null()])),
    env: Type.Optional(
      Type.Union([
        Type.Record(Type.String(), Type.Union([Type.String(), SECRET, KEPT_SECRET, Type.Null()])),
        Type.Null(),
      ]),
    ),
  },
  { ...STRICT, description: 'JSON Merge Patch; null sets a setting back to its default.' },
);

export const FUNCTION = Type.Object({
  id: Type.String(),
  name: Type.String(),
  arn: Type.String(),
  state: oneOf(FUNCTION_STATES),
  runtime: oneOf(RUNTIMES),
  ...SCALARS,
  isolation: oneOf(ISOLATION_CHOICES),
  effectiveIsolation: oneOf(ISOLATIONS),
  routes: ROUTES,
  url: Type.String({ description: 'Where the function answers HTTP, for programs.' }),
  pageUrl: Type.Union([Type.String(), Type.Null()], {
    description:
      'Where a browser opens it: an origin that no other function shares. Null when no such name leads to this server.',
  }),
  urlSettings: Type.Object({ auth: URL_AUTH, cors: Type.Optional(CORS) }),
  tags: Type.Record(Type.String(), Type.String()),
  env: Type.Record(Type.String(), Type.Union([Type.String(), Type.Object({ secret: Type.Literal(true) })])),
  codeSha256: Type.String(),
  revision: Type.Object({ id: Type.String(), number: Type.Integer() }),
  version: Type.String(),
  etag: Type.String({ description: 'What `If-Match` takes; the ETag header of this function.' }),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

export const NAME_PARAMS = Type.Object({ name: Type.String({ maxLength: 256 }) });
