import { readFileSync } from 'node:fs';
import { pageHtml, sendFile, sendPage } from '../../api/pages/page-headers.ts';
import type { App } from '../../serving/app-types.ts';

const BODY = `<main><header><h1>Coldframe</h1><nav><a href="/docs">API</a> <button id="sign-out" type="button" hidden>Sign out</button></nav></header>
<form id="sign-in" hidden><p>Open the link that <code>coldframe open</code> prints, or sign in with a key.</p><label>Key <input id="key" type="password" autocomplete="off" required></label> <button>Sign in</button></form>
<p id="message" role="status"></p><p id="console">The console is not built yet. <code>npm start</code> builds it beside the server, and this page then becomes it.</p><table id="functions" hidden><thead><tr><th>Function</th><th>Runtime</th><th>Isolation</th><th>State</th><th>URL</th></tr></thead><tbody></tbody></table></main>`;

const FILES = [
  {
    path: '/assets/landing.js',
    operationId: 'landingScript',
    type: 'text/javascript; charset=utf-8',
    file: 'landing.js',
  },
  { path: '/assets/page.css', operationId: 'pageStyle', type: 'text/css; charset=utf-8', file: 'page.css' },
] as const;

/** The sign-in page and list of functions when no console was built, and in the seconds while it is being built. */
export function landing(app: App): void {
  const html = pageHtml('Functions', BODY, ['/assets/landing.js']);
  app.get(
    '/',
    { config: { access: 'open' }, schema: { operationId: 'landing', tags: ['pages'] } },
    (_request, reply) => {
      sendPage(reply, html);
    },
  );
  for (const { path, operationId, type, file } of FILES) {
    const text = readFileSync(new URL(`assets/${file}`, import.meta.url), 'utf8');
    app.get(path, { config: { access: 'open' }, schema: { operationId, tags: ['pages'] } }, (_request, reply) => {
      sendFile(reply, type, text);
    });
  }
}
