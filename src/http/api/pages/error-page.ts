import Type from 'typebox';
import { proseParts } from '../../../domain/prose.ts';
import { CATALOGUE, type CatalogueEntry, type ErrorCode } from '../../../errors/catalogue.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { App } from '../../serving/app-types.ts';
import { escapeHtml, pageHtml, sendPage } from './page-headers.ts';

/** The page a problem's `type` links to. */
export function errorPage(app: App): void {
  app.get(
    '/errors/:code',
    {
      config: { access: 'open' },
      schema: {
        operationId: 'errorPage',
        tags: ['pages'],
        params: Type.Object({ code: Type.String({ maxLength: 64 }) }),
        response: { 200: { description: 'A page for people.', content: { 'text/html': { schema: Type.String() } } } },
      },
    },
    (request, reply) => {
      const { code } = request.params;
      if (!Object.hasOwn(CATALOGUE, code)) throw new ColdframeError('not_found');
      sendPage(reply, pageHtml(code, entryHtml(code as ErrorCode, CATALOGUE[code as ErrorCode])));
    },
  );
}

const CAUSED_BY = { user: 'the request', function: 'the function', platform: 'the platform' };

function proseHtml(message: string): string {
  return proseParts(message)
    .map(({ text, isCode }) => (isCode ? `<code>${escapeHtml(text)}</code>` : escapeHtml(text)))
    .join('');
}

function entryHtml(code: ErrorCode, entry: CatalogueEntry): string {
  const rows: [string, string][] = [
    ['Status', String(entry.status)],
    ['Meaning', entry.detail],
    ['Caused by', CAUSED_BY[entry.causedBy]],
    ['Worth repeating', entry.retryable ? 'yes' : 'no'],
    ['Likely cause', entry.likelyCause],
    ['What to do', entry.whatToDo],
  ];
  const list = rows.map(([term, text]) => `<dt>${term}</dt><dd>${proseHtml(text)}</dd>`).join('');
  return `<main><h1>${escapeHtml(entry.title)}</h1><p><code>${code}</code></p><dl>${list}</dl><p><a href="/docs">API</a></p></main>`;
}
