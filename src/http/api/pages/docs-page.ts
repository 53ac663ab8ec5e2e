import type { App } from '../../serving/app-types.ts';
import { docsHtml } from './docs-html.ts';
import { sendPage } from './page-headers.ts';

/** The operations for people, made from the OpenAPI document on first use. */
export function docsPage(app: App): void {
  let html: string | null = null;
  app.get(
    '/docs',
    { config: { access: 'open' }, schema: { operationId: 'docs', tags: ['pages'] } },
    (_request, reply) => {
      html ??= docsHtml(app.swagger());
      sendPage(reply, html);
    },
  );
}
