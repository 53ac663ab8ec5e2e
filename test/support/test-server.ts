import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NODE_FLAGS } from '../../bin/node-flags.mjs';
import type { InvocationRecord } from '../../src/domain/invocation.ts';
import { LIMITS } from '../../src/domain/limits.ts';
import { SLOWNESS } from './pace.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 120_000 * SLOWNESS;
const RECORD_TIMEOUT_MS = 60_000 * SLOWNESS;
/** What a test calls has as long as a busy host takes to start its sandbox and to run it. */
const PATIENT = {
  queueTimeoutMs: LIMITS.queueTimeoutMs.max,
  initTimeoutMs: LIMITS.initTimeoutMs.max,
  timeoutMs: 30_000,
};
/** Of what the server wrote, in the message of a failing test. */
const LAST_WORDS = 2_000;
export const ADMIN_KEY = 'test-admin-key-0123456789';

export interface TestServerOptions {
  env?: Record<string, string>;
  /** Reuses a data directory (restart tests); it is then left in place by `stop`. */
  dataDir?: string;
  /** A file that whoever starts the server has open, as descriptors low, above 16 and far behind a gap. */
  inherited?: string;
}

/** A JSON reply with what tests look at. */
export interface ApiReply<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

/**
 * The real server in a process of its own, as `coldframe up` starts it, on free ports with a data directory of its own. Everything
 * goes with `stop`; `kill` is for tests that break it on purpose.
 */
export class TestServer {
  readonly dataDir: string;
  readonly #ownsDataDir: boolean;
  readonly #child: ChildProcess;
  #output = '';
  url = '';
  functionUrl = '';

  private constructor(options: TestServerOptions) {
    this.#ownsDataDir = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'coldframe-test-'));
    const inherited = options.inherited === undefined ? null : openSync(options.inherited, 'r');
    this.#child = spawn(process.execPath, [...NODE_FLAGS, join(ROOT, 'src/cli/main.ts'), 'up'], {
      env: {
        PATH: process.env.PATH,
        HOME: this.dataDir,
        COLDFRAME_PORT: '0',
        COLDFRAME_ADMIN_KEY: ADMIN_KEY,
        COLDFRAME_DATA_DIR: this.dataDir,
        COLDFRAME_LOG_LEVEL: 'info',
        ...(SLOWNESS > 1 ? { COLDFRAME_FIRECRACKER_SLOWNESS: `${SLOWNESS}` } : {}),
        ...options.env,
      },
      stdio: inherited === null ? ['ignore', 'pipe', 'pipe'] : withInherited(inherited),
    });
    if (inherited !== null) closeSync(inherited);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /** Resolves when the server answers and, with `isolation`, when that one is ready; rejects with the server's output. */
  static async start(options: TestServerOptions & { isolation?: string } = {}): Promise<TestServer> {
    const server = new TestServer(options);
    try {
      await server.until('server.json', () => server.#readServerFile());
      await server.untilReady(options.isolation);
      return server;
    } catch (error) {
      await server.kill('SIGKILL');
      throw new Error(`the server did not start:\n${server.#output}`, { cause: error });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the server printed so far. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async untilReady(isolation?: string): Promise<void> {
    const path = isolation ? `/readyz?isolation=${isolation}` : '/readyz';
    await this.until(path, async () => (await fetch(`${this.url}${path}`).catch(() => null))?.ok === true);
  }

  /** Waits for a condition with a deadline. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    const endAtMs = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (this.hasEnded) throw new Error(`the server ended while waiting for ${what}:\n${this.#output}`);
      if (performance.now() > endAtMs)
        throw new Error(`${what}: not within ${timeoutMs} ms\n${this.#output.slice(-4_000)}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  /** A call of the API as admin; never throws for a status. */
  async api<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiReply<T>> {
    const reply = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    }).catch((error: unknown) => Promise.reject(this.#whyUnreachable(error)));
    const text = await reply.text();
    let parsed: unknown = null;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Not every reply is JSON; such tests look at `text`.
    }
    return { status: reply.status, headers: reply.headers, body: parsed as T, text };
  }

  /** Creates a function from a fixture folder's file or from source, patient where `settings` does not say otherwise; throws unless it was created. */
  async deploy(name: string, runtime: string, source: string, settings: Record<string, unknown> = {}): Promise<void> {
    const reply = await this.api('POST', '/functions', { name, runtime, code: { source }, ...PATIENT, ...settings });
    if (reply.status !== 201)
      throw new Error(`deploy of ${name}: ${reply.status} ${reply.text}\n${this.#output.slice(-LAST_WORDS)}`);
  }

  invoke<T = unknown>(ref: string, event: unknown = {}, headers: Record<string, string> = {}): Promise<ApiReply<T>> {
    return this.api<T>('POST', `/functions/${ref}/invoke`, event, headers);
  }

  /** Waits until the whole record of an invocation is there. */
  async record(id: string): Promise<InvocationRecord> {
    let reply = await this.api('GET', `/invocations/${id}`);
    await this.until(
      `the record of ${id}`,
      async () => {
        reply = await this.api('GET', `/invocations/${id}`);
        return reply.status === 200 && reply.body.state === 'finished';
      },
      RECORD_TIMEOUT_MS,
    );
    return reply.body as unknown as InvocationRecord;
  }

  kill(signal: NodeJS.Signals): Promise<void> {
    return new Promise((done) => {
      if (this.hasEnded) return done();
      this.#child.once('exit', () => done());
      this.#child.kill(signal);
    });
  }

  /** SIGTERM, then everything of it is gone. */
  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** A server that died unasked says in the failing test how, and its last words. */
  #whyUnreachable(error: unknown): unknown {
    if (!this.hasEnded) return error;
    const how = this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
    return new Error(`the server has ended (${how}):\n${this.#output.slice(-4_000)}`, { cause: error });
  }

  #readServerFile(): boolean {
    try {
      const { url, functionUrl, pid } = JSON.parse(readFileSync(join(this.dataDir, 'server.json'), 'utf8')) as {
        url: string;
        functionUrl: string;
        pid: number;
      };
      if (pid !== this.pid) return false;
      this.url = url;
      this.functionUrl = functionUrl;
      return true;
    } catch {
      return false;
    }
  }
}

const INHERITED_AS = [7, 18, 200];

/** What is not named between them is left unopened: a gap. */
function withInherited(fd: number): ('ignore' | 'pipe' | number)[] {
  const stdio: ('ignore' | 'pipe' | number)[] = Array.from({ length: Math.max(...INHERITED_AS) + 1 }, () => 'ignore');
  for (const at of [1, 2]) stdio[at] = 'pipe';
  for (const at of INHERITED_AS) stdio[at] = fd;
  return stdio;
}
