import type { Browser, Page } from 'playwright-core';
import { buildConsole } from '../../../scripts/build-console.ts';
import { TestServer, type TestServerOptions } from '../../support/test-server.ts';
import { launchChromium } from './chromium.ts';
import { PageWatch } from './page-watch.ts';

/** On shared cores a first paint takes a while; what must be quick is measured elsewhere. */
const ACTION_TIMEOUT_MS = 25_000;

export interface PageOptions {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  /** Signed in by a link, as `coldframe open` prints it; default true. The page then shows `path`. */
  signedIn?: boolean;
  path?: string;
}

/**
 * The real server with the built console, and the system's browser. Open it in `beforeAll`, close it in `afterAll`, and call
 * `expectQuiet` in `afterEach`: it fails the test on any policy violation, page error, console error, reply of status 500
 * or above, or request to another host, and closes the test's pages.
 */
export class ConsoleBed {
  readonly server: TestServer;
  readonly browser: Browser;
  readonly #watches: PageWatch[] = [];

  private constructor(server: TestServer, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async open(options: TestServerOptions & { isolation?: string } = {}): Promise<ConsoleBed> {
    await buildConsole();
    const server = await TestServer.start(options);
    try {
      return new ConsoleBed(server, await launchChromium());
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async page(options: PageOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.colorScheme ?? 'light',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(ACTION_TIMEOUT_MS);
    this.#watches.push(await PageWatch.start(page, this.server.url));
    const path = options.path ?? '/';
    if (options.signedIn === false) {
      await page.goto(`${this.server.url}${path}`);
      return page;
    }
    await page.goto(await this.signInLink());
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    if (path !== '/') await page.goto(`${this.server.url}${path}`);
    return page;
  }

  async signInLink(): Promise<string> {
    const { body } = await this.server.api<{ token: string }>('POST', '/session/links');
    return `${this.server.url}/#token=${body.token}`;
  }

  /** Also closes the pages of the test that ends. `allowed` names what this test provokes on purpose. */
  async expectQuiet(allowed: RegExp[] = []): Promise<void> {
    const watches = this.#watches.splice(0);
    const seen = watches.flatMap((watch) => watch.seen);
    for (const watch of watches) await watch.page.context().close();
    const unexpected = seen.filter((line) => !allowed.some((one) => one.test(line)));
    if (unexpected.length > 0) throw new Error(`the page was not quiet:\n${unexpected.join('\n')}`);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }
}
