import { PROBLEM_TYPE } from '../../serving/problems/problem.ts';
import { PROBLEM } from '../../serving/problems/problem-schema.ts';

/** The parts of an OpenAPI document that are completed here. */
interface OpenApiDocument {
  paths?: Record<string, Record<string, unknown>>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  responses?: Record<string, { description?: string; content?: Record<string, unknown> }>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/**
 * What all operations have in common and no schema of one says: a summary, made from its name; refusals, as they are really sent,
 * which is as problems (RFC 9457); and that they may come as any status from 400.
 */
export function completeDocument<T extends object>(document: T): T {
  for (const item of Object.values((document as OpenApiDocument).paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation) completeOperation(operation);
    }
  }
  return document;
}

/** Every request, also one for a page, can be refused by its Host, its size or its method. */
function completeOperation(operation: Operation): void {
  operation.summary ??= summaryOf(operation.operationId ?? '');
  operation.responses ??= {};
  const content = { [PROBLEM_TYPE]: { schema: PROBLEM } };
  operation.responses['4XX'] = { description: 'The request was refused.', content };
  operation.responses.default = { description: 'What failed, as a problem.', content };
}

/** Makes "Create sign in link" of `createSignInLink`. */
function summaryOf(operationId: string): string {
  const words = operationId.replace(/([A-Z])/g, ' $1').toLowerCase();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
