import { readServerEvents, type ServerEvent } from '../../src/cli/logs/server-events.ts';
import { ADMIN_KEY, type TestServer } from './test-server.ts';

const DEADLINE_MS = 60_000;

/** An open stream of server-sent events, gathered as they come; `close` ends it, and so does the test's end if it forgot. */
export class EventStream {
  readonly events: ServerEvent[] = [];
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;
  readonly #server: TestServer;

  private constructor(server: TestServer, reply: Response) {
    this.#server = server;
    this.#reading = this.#read(reply);
  }

  static async open(
    server: TestServer,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<EventStream & AsyncDisposable> {
    const reply = await fetch(`${server.url}/api/v1${path}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return new EventStream(server, reply);
  }

  /** The first event that fits, now or within the deadline. */
  async first(what: string, fits: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    let found: ServerEvent | undefined;
    await this.#server.until(
      what,
      () => {
        found = this.events.find(fits);
        return found !== undefined;
      },
      DEADLINE_MS,
    );
    return found as ServerEvent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(reply: Response): Promise<void> {
    const reader = reply.body?.getReader();
    const gone = new Promise<void>((resolve) => this.#abort.signal.addEventListener('abort', () => resolve()));
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await Promise.race([reader?.read(), gone]);
        if (!next || next.done) controller.close();
        else controller.enqueue(next.value);
      },
    });
    for await (const event of readServerEvents(new Response(body))) this.events.push(event);
    await reader?.cancel();
  }
}
