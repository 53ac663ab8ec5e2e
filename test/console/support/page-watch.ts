import type { Page } from 'playwright-core';

/** Browsers report each refusal (a 401 before signing in, a 404) as a console error; the page's own handling is what counts. */
const REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d/;

/** The host's interfaces changed (a container came or went), and the browser gave up what was on its way; the page asks again. */
const HOST_CHANGED = /net::ERR_NETWORK_CHANGED/;

/** A function that failed answers 502 or 504: what it did, not what we failed to do. */
const CALL = /\/invoke$/;

/** Notes everything a quiet page does not do. */
export class PageWatch {
  readonly page: Page;
  readonly seen: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  static async start(page: Page, origin: string): Promise<PageWatch> {
    const watch = new PageWatch(page);
    const note = (line: string): void => void watch.seen.push(line);
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
      });
    });
    page.on('pageerror', (error) => note(`page error: ${error.stack ?? error.message}`));
    page.on('crash', () => note('the page crashed'));
    page.on('console', (message) => {
      if (message.type() !== 'error' || REFUSAL.test(message.text()) || HOST_CHANGED.test(message.text())) return;
      if (CALL.test(message.location().url)) return;
      note(`console error: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) note(`request to another host: ${url}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 500 && !CALL.test(response.url()))
        note(`status ${response.status()} of ${response.url()}`);
    });
    return watch;
  }
}
