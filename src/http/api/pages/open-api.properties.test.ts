import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { WrongKeys } from '../../serving/wrong-keys.ts';
import { ServerRig } from '../../testing/server-rig.ts';

/** As many requests of each kind as find what a description hides, and as few as everybody waits for. */
const RUNS = 60;
const STREAMS = new Set(['live', 'functionLogs']);

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
}
interface Media {
  schema?: object;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

const rig = await ServerRig.open();
// Wrong keys are slowed; here every fifth request has one.
const { http } = await rig.listenConsole(undefined, new WrongKeys(0));
const operations = await allOperations();
afterAll(() => rig[Symbol.asyncDispose]());

async function allOperations(): Promise<{ where: string; method: string; path: string; operation: Operation }[]> {
  const { paths } = (await http.app.inject('/api/v1/openapi.json')).json() as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      where: `${method.toUpperCase()} ${path}`,
      method,
      path,
      operation,
    })),
  );
}

const anyText = fc.oneof(
  fc.string({ maxLength: 300, unit: 'binary' }),
  fc.constantFrom(
    'hello',
    'absent',
    '',
    '..',
    '%00',
    '\u0000',
    '__proto__',
    'constructor',
    '1e999',
    '-1',
    'a'.repeat(300),
  ),
);
/** Values that fit the schema, as far as its kind tells, or anything at all. */
const anyBody = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.constantFrom('{', '', 'null', '[]', '"x"', '{"__proto__":{}}', '{"name":"hello"}', '1'.repeat(400), '\ufeff{}'),
  fc.string({ maxLength: 100 }),
);

/** A value of the kind the schema wants, so that requests also get behind its door. */
function fitting(schema: unknown): fc.Arbitrary<unknown> {
  const { type, enum: values, properties, anyOf, const: one, items } = (schema ?? {}) as Record<string, unknown>;
  if (one !== undefined) return fc.constant(one);
  if (Array.isArray(values)) return fc.constantFrom(...values);
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map(fitting));
  if (type === 'string') return anyText;
  if (type === 'integer' || type === 'number') return fc.oneof(fc.integer(), fc.double());
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(fitting(items), { maxLength: 3 });
  if (type !== 'object') return fc.jsonValue({ maxDepth: 2 });
  const members = Object.entries((properties ?? {}) as object).map(([name, of]) => [name, fitting(of)]);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

function declared(operation: Operation, status: number) {
  const { responses } = operation;
  return responses[String(status)] ?? (status >= 400 ? (responses['4XX'] ?? responses.default) : undefined);
}

it.each(operations.filter(({ operation }) => !STREAMS.has(operation.operationId)))(
  '$where: no request makes it fail, answer an undeclared status, or another type or shape than it declares',
  async ({ where, method, path, operation }) => {
    const ajv = new Ajv({ strict: false });
    const json = Object.entries(operation.requestBody?.content ?? {}).find(([type]) => type.includes('json'));
    const request = fc.record({
      path: fc.dictionary(fc.constantFrom('name', 'id', 'event', 'ref', 'code'), anyText),
      query: fc.dictionary(fc.constantFrom(...namesIn(operation, 'query'), 'unknown'), anyText, { maxKeys: 3 }),
      body: json
        ? fc.oneof(
            anyBody,
            fitting(json[1].schema).map((value) => JSON.stringify(value)),
          )
        : fc.constant(null),
      key: fc.constantFrom(rig.key('admin'), rig.key('admin'), rig.key('read'), rig.key('invoke'), 'wrong', ''),
      type: fc.constantFrom(json?.[0] ?? 'application/json', json?.[0] ?? 'application/json', 'text/plain', 'x'),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ path: values, query, body, key, type }) => {
        const url = path.replace(
          /\{(\w+)\}/g,
          (_all, name: string) => encodeURIComponent(values[name] ?? 'hello') || 'x',
        );
        const search = new URLSearchParams(query as Record<string, string>).toString();
        const reply = await http.app.inject({
          method: method.toUpperCase() as 'GET',
          url: search === '' ? url : `${url}?${search}`,
          headers: {
            ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
            ...(body === null ? {} : { 'content-type': type }),
          },
          ...(body === null ? {} : { payload: body }),
        });
        if (reply.statusCode === 503) return;
        expect(reply.statusCode, `${where} ${url} ${body}: ${reply.payload}`).toBeLessThan(500);
        const response = declared(operation, reply.statusCode);
        expect(response, `${where} answers ${reply.statusCode}`).toBeDefined();
        const sent = String(reply.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
        const content = response?.content ?? {};
        if (reply.payload === '') return;
        const problem = `${where} answers ${reply.statusCode} as ${sent}`;
        expect(
          Object.keys(content).some((one) => one === sent || (one === 'application/json' && sent === '')) ||
            Object.keys(content).length === 0,
          problem,
        ).toBe(true);
        const schema = content[sent]?.schema;
        if (schema && sent.includes('json'))
          expect(ajv.validate(schema, JSON.parse(reply.payload)), `${problem}: ${ajv.errorsText()}`).toBe(true);
      }),
      { numRuns: RUNS },
    );
  },
);

function namesIn({ parameters = [] }: Operation, place: Parameter['in']): string[] {
  return parameters.filter((parameter) => parameter.in === place).map(({ name }) => name);
}
