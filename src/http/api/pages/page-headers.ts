import type { FastifyReply } from 'fastify';

/** Pages load nothing but our own files and run no inline script. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return sendFile(reply, 'text/html; charset=utf-8', html);
}

export function sendFile(reply: FastifyReply, contentType: string, body: string): FastifyReply {
  return reply
    .header('content-security-policy', PAGE_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cache-control', 'no-cache')
    .header('content-type', contentType)
    .send(body);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** One page with our style sheet. `title` is text; `body` is already HTML. */
export function pageHtml(title: string, body: string, scripts: string[] = []): string {
  const tags = scripts.map((src) => `<script src="${src}" type="module"></script>`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)} · Coldframe</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/page.css">${tags}</head><body>${body}</body></html>`;
}
