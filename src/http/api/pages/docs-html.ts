import { escapeHtml, pageHtml } from './page-headers.ts';

/** The parts of an OpenAPI document that are shown. */
export interface ShownDocument {
  info: { title: string; description?: string };
  paths?: Record<string, object | undefined>;
}

interface Operation {
  operationId?: string;
  tags?: string[];
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: object }[];
  requestBody?: { content?: Record<string, { schema?: object }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}

/** One page of every operation, grouped by tag, without scripts. */
export function docsHtml(document: ShownDocument): string {
  const byTag = new Map<string, string[]>();
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {}) as [string, Operation][]) {
      const tag = operation.tags?.[0] ?? 'other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), operationHtml(method.toUpperCase(), path, operation)]);
    }
  }
  const sections = [...byTag].map(([tag, parts]) => `<section><h2>${escapeHtml(tag)}</h2>${parts.join('')}</section>`);
  const intro = escapeHtml(document.info.description ?? '');
  const body = `<main><h1>${escapeHtml(document.info.title)} API</h1><p>${intro}</p><p><a href="/api/v1/openapi.json">OpenAPI document</a> · <a href="/">Functions</a></p>${sections.join('')}</main>`;
  return pageHtml('API', body);
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const description = operation.description ? `<p>${escapeHtml(operation.description)}</p>` : '';
  const parts = [description, parametersHtml(operation), requestHtml(operation), responsesHtml(operation)].join('');
  const id = escapeHtml(operation.operationId ?? '');
  return `<details id="${id}"><summary><b>${method}</b> <code>${escapeHtml(path)}</code></summary>${parts}</details>`;
}

function parametersHtml({ parameters = [] }: Operation): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map((one) => {
    const need = one.required ? 'required' : '';
    return `<tr><td><code>${escapeHtml(one.name)}</code></td><td>${escapeHtml(one.in)} ${need}</td><td>${escapeHtml(one.description ?? '')}</td></tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

function requestHtml({ requestBody }: Operation): string {
  const bodies = Object.entries(requestBody?.content ?? {});
  return bodies.map(([type, { schema }]) => schemaHtml(`Body: ${type}`, schema)).join('');
}

function responsesHtml({ responses = {} }: Operation): string {
  return Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, reply]) => schemaHtml(`Reply ${status}`, Object.values(reply.content ?? {})[0]?.schema))
    .join('');
}

function schemaHtml(title: string, schema: object | undefined): string {
  if (schema === undefined || Object.keys(schema).length === 0) return `<p>${escapeHtml(title)}</p>`;
  return `<p>${escapeHtml(title)}</p><pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre>`;
}
