import { createSseClient, type StreamEvent } from '../../src/client/generated/core/serverSentEvents.gen.ts';
import { ADMIN_KEY, type TestServer } from './test-server.ts';

const DEADLINE_MS = 60_000;

/** An open stream of server-sent events, gathered as they come; `close` ends it, and so does the test's end if it forgot. */
export class EventStream<Data> {
  readonly events: StreamEvent<Data>[] = [];
  readonly #abort = new AbortController();
  readonly #server: TestServer;
  #reading: Promise<void> = Promise.resolve();

  private constructor(server: TestServer) {
    this.#server = server;
  }

  static async open<Data>(
    server: TestServer,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<EventStream<Data> & AsyncDisposable> {
    const stream = new EventStream<Data>(server);
    await stream.#open(`${server.url}/api/v1${path}`, { authorization: `Bearer ${ADMIN_KEY}`, ...headers });
    return stream;
  }

  /** The first event that fits, now or within the deadline. */
  async first(what: string, fits: (event: StreamEvent<Data>) => boolean): Promise<StreamEvent<Data>> {
    let found: StreamEvent<Data> | undefined;
    await this.#server.until(
      what,
      () => {
        found = this.events.find(fits);
        return found !== undefined;
      },
      DEADLINE_MS,
    );
    return found as StreamEvent<Data>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  /** Resolves when the server has answered; rejects when it refused. */
  async #open(url: string, headers: Record<string, string>): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const { stream } = createSseClient<Data>({
      url,
      headers,
      signal: this.#abort.signal,
      sseMaxRetryAttempts: 1,
      async fetch(request) {
        const reply = await fetch(request);
        if (reply.ok) opened.resolve();
        else opened.reject(new Error(`${url}: ${reply.status} ${await reply.text()}`));
        return reply;
      },
      onSseEvent: (event) => {
        if (event.data !== undefined) this.events.push(event as StreamEvent<Data>);
      },
      onSseError: opened.reject,
    });
    this.#reading = (async () => {
      while (!(await stream.next()).done);
    })();
    await opened.promise;
  }
}
