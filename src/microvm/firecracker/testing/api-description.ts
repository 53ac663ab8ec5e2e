import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

/** Beside the repository: too large to copy, and not ours. */
const ROOT = resolve(import.meta.dirname, '../../../..');
const DESCRIPTION = resolve(ROOT, '../shared/data/firecracker-api.yaml');

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: unknown;
  [key: string]: unknown;
}

interface Operation {
  summary: string;
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  responses: Record<string, { schema?: Schema }>;
}

export interface DescribedOperation {
  id: string;
  /** As the description says beside each operation. */
  legal: 'always' | 'pre-boot' | 'post-boot';
  /** Values of `{...}` in the path. */
  pathValues: Record<string, string>;
  /** Null when the body is as described, else what is wrong with it. */
  explainBody(body: unknown): string | null;
  /** The same for an answer of that status; an undescribed status is wrong too. */
  explainReply(status: number, body: unknown): string | null;
}

/** Null where the description can be read, else the reason a test is skipped for. */
export function whyNoDescription(): string | null {
  if (existsSync(DESCRIPTION)) return null;
  return 'needs ../shared/data/firecracker-api.yaml, Firecracker’s published API description';
}

/** Firecracker's published API description, made strict: a field it does not name is wrong. */
export class ApiDescription {
  readonly version: string;
  readonly #paths: { pattern: RegExp; operations: Record<string, Operation> }[];
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });

  constructor() {
    const document = parse(readFileSync(DESCRIPTION, 'utf8')) as {
      info: { version: string };
      paths: Record<string, Record<string, Operation>>;
      definitions: Record<string, Schema>;
    };
    this.version = document.info.version;
    for (const schema of Object.values(document.definitions)) close(schema);
    this.#ajv.addSchema({ $id: 'api', definitions: document.definitions });
    this.#paths = Object.entries(document.paths).map(([path, operations]) => ({
      pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[A-Za-z0-9_]+)')}$`),
      operations,
    }));
  }

  /** Null for a path or method the description does not have. */
  find(method: string, path: string): DescribedOperation | null {
    for (const { pattern, operations } of this.#paths) {
      const match = pattern.exec(path);
      const operation = operations[method.toLowerCase()];
      if (match !== null && operation !== undefined) return this.#described(operation, { ...match.groups });
    }
    return null;
  }

  #described(operation: Operation, pathValues: Record<string, string>): DescribedOperation {
    return {
      id: operation.operationId,
      legal: legalityOf(operation),
      pathValues,
      explainBody: (body) => {
        const parameter = operation.parameters?.find((one) => one.in === 'body');
        if (parameter?.schema === undefined) return body === undefined ? null : 'takes no body';
        if (body === undefined) return parameter.required === false ? null : 'lacks its body';
        return this.#explain(parameter.schema, body);
      },
      explainReply: (status, body) => {
        const response =
          operation.responses[String(status)] ?? (status >= 400 ? operation.responses.default : undefined);
        if (response === undefined) return `status ${status} is not described`;
        if (response.schema === undefined) return body === undefined ? null : 'takes no body';
        return this.#explain(response.schema, body);
      },
    };
  }

  #explain(schema: Schema, value: unknown): string | null {
    const check: ValidateFunction = this.#ajv.compile(absolute(schema));
    return check(value) ? null : this.#ajv.errorsText(check.errors);
  }
}

/** Says for each operation what its summary or description says in words. */
function legalityOf({ summary, operationId }: Operation): DescribedOperation['legal'] {
  if (/pre-boot only/i.test(summary)) return 'pre-boot';
  if (/post-boot only/i.test(summary)) return 'post-boot';
  if (['putBalloon', 'putLogger', 'putMetrics', 'putSerialDevice'].includes(operationId)) return 'pre-boot';
  return operationId === 'patchVm' || operationId === 'patchBalloon' ? 'post-boot' : 'always';
}

function close(schema: Schema): void {
  if (schema.properties !== undefined) {
    schema.additionalProperties ??= false;
    for (const property of Object.values(schema.properties)) close(property);
  }
  if (schema.items !== undefined) close(schema.items);
}

function absolute(schema: Schema): Schema {
  return typeof schema.$ref === 'string' ? { $ref: `api${schema.$ref}` } : schema;
}
