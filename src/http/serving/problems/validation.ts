import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { FastifyValidationResult } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { withoutUnionNoise } from './union-findings.ts';

/**
 * Above this size only the first finding is listed. A hostile body of a million wrong fields must not become a million
 * findings.
 */
const LISTED_NODES_MAX = 1_000;

const STRICT: Options = { removeAdditional: false, coerceTypes: false, useDefaults: false, strict: false };
const COERCING: Options = {
  removeAdditional: false,
  coerceTypes: true,
  useDefaults: true,
  allErrors: true,
  strict: false,
};

/** Bodies are taken as they are or refused; query and path values, which arrive as text, are coerced. */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const first = new Ajv(STRICT);
  const every = new Ajv({ ...STRICT, allErrors: true });
  const coercing = new Ajv(COERCING);

  return ({ schema, httpPart }) => {
    if (httpPart !== 'body') return finiteOnly(coercing.compile(schema), httpPart ?? 'querystring');
    const validateFirst = first.compile(schema);
    const validateEvery = every.compile(schema);
    return (body: unknown) => {
      if (validateFirst(body)) return { value: body };
      if (isSmall(body)) validateEvery(body);
      return { error: asValidationError((isSmall(body) ? validateEvery.errors : validateFirst.errors) ?? []) };
    };
  };
}

/** Text such as `1e999` is coerced to Infinity, and Ajv takes that for an integer. */
function finiteOnly(validate: ValidateFunction, httpPart: string): FastifyValidationResult {
  return (values: Record<string, unknown>) => {
    if (!validate(values)) return { error: asValidationError(validate.errors ?? [], httpPart) };
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'number' || Number.isFinite(value)) continue;
      const finding = { instancePath: `/${name}`, message: 'must be a finite number', params: {}, keyword: 'type' };
      return { error: asValidationError([{ ...finding, schemaPath: '' }], httpPart) };
    }
    return { value: values };
  };
}

function asValidationError(findings: ErrorObject[], httpPart = 'body'): Error {
  return Object.assign(new Error('the request does not match its schema'), {
    validation: withoutUnionNoise(findings),
    validationContext: httpPart,
  });
}

function isSmall(body: unknown): boolean {
  const open: unknown[] = [body];
  for (let seen = 0; open.length > 0; seen++) {
    const value = open.pop();
    if (seen > LISTED_NODES_MAX) return false;
    if (typeof value !== 'object' || value === null) continue;
    for (const key in value) {
      open.push((value as Record<string, unknown>)[key]);
      if (open.length > LISTED_NODES_MAX) return false;
    }
  }
  return true;
}
