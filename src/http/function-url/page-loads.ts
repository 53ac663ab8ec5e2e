import type { IncomingMessage } from 'node:http';

/** Safari resolves no subdomain of localhost. Other browsers on Apple's engine name themselves beside it. */
const SAFARI = /Version\/[\d.]+ (?:Mobile\/\S+ )?Safari\//;

/**
 * A browser loads a page, for a person's visit or into a frame. Requests of programs and of scripts in pages do not
 * count.
 */
export function isPageLoad({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && headers['sec-fetch-mode'] === 'navigate';
}

export function resolvesLocalNames({ headers }: IncomingMessage): boolean {
  return !SAFARI.test(headers['user-agent'] ?? '');
}

/**
 * The browser asks for the script of a service worker. Such a worker could answer for every function below its path.
 */
export function isServiceWorkerScript({ headers }: IncomingMessage): boolean {
  return headers['service-worker'] !== undefined;
}

/**
 * On the origin that functions share a page is put into an origin of nobody: its scripts run, but it has no storage, no cookies,
 * no service worker, and cannot read what other functions answer. The function's own policy holds beside it.
 */
export const SHARED_ORIGIN_HEADERS = [
  'content-security-policy',
  'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts',
];
