import type { Browser, BrowserContext, Page } from 'playwright-core';
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
  /** Default true. */
  signedIn?: boolean;
  path?: string;
}

export interface BedOptions extends TestServerOptions {
  /** Waited for before the first test. */
  isolation?: string;
}

/**
 * The real server with the built console, and the system's browser. `expectQuiet` after each test fails it on any policy
 * violation, page error, console error, reply of status 500 or above, or request to another host, and closes the test's pages.
 */
export class ConsoleBed {
  readonly #options: BedOptions;
  readonly #watches: PageWatch[] = [];
  #server: TestServer | null = null;
  #browser: Browser | null = null;

  constructor(options: BedOptions = {}) {
    this.#options = options;
  }

  get server(): TestServer {
    if (this.#server === null) throw new Error('the server was not started');
    return this.#server;
  }

  async open(): Promise<void> {
    await buildConsole();
    // One after the other would be waiting twice.
    const starts = await Promise.allSettled([TestServer.start(this.#options), launchChromium()]);
    const [server, browser] = starts;
    if (server.status === 'fulfilled') this.#server = server.value;
    if (browser.status === 'fulfilled') this.#browser = browser.value;
    const failed = starts.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  async page(options: PageOptions = {}): Promise<Page> {
    if (this.#browser === null) throw new Error('the browser was not started');
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      colorScheme: options.colorScheme ?? 'light',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(ACTION_TIMEOUT_MS);
    this.#watches.push(await PageWatch.start(page, this.server.url));
    if (options.signedIn !== false) await this.#signIn(context);
    await page.goto(`${this.server.url}${options.path ?? '/'}`);
    if (options.signedIn !== false) await page.getByRole('navigation', { name: 'Main' }).waitFor();
    return page;
  }

  async signInLink(): Promise<string> {
    return `${this.server.url}/#token=${await this.#linkToken()}`;
  }

  /** What opening the link does, without loading the page twice; the link itself is the sign-in suite's. */
  async #signIn(context: BrowserContext): Promise<void> {
    const { url } = this.server;
    const data = { token: await this.#linkToken() };
    const reply = await context.request.post(`${url}/api/v1/session`, { data, headers: { origin: url } });
    if (!reply.ok()) throw new Error(`signing in: ${reply.status()} ${await reply.text()}`);
  }

  async #linkToken(): Promise<string> {
    return (await this.server.api<{ token: string }>('POST', '/session/links')).body.token;
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
    await this.#browser?.close();
    await this.#server?.stop();
    this.#browser = null;
    this.#server = null;
  }
}
