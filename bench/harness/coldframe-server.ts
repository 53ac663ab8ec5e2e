import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NODE_FLAGS } from '../../bin/node-flags.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 180_000;
export const ADMIN_KEY = 'bench-admin-key-0123456789';

export interface Settings {
  [name: string]: unknown;
}

interface PooledView {
  isolation: string;
  runtime: string;
  state: string;
}

/** A real server in its own process, data directory and port; everything goes with `stop`. */
export class ColdframeServer {
  readonly port: number;
  readonly dataDir: string;
  #child: ChildProcess;

  private constructor(port: number, dataDir: string, child: ChildProcess) {
    this.port = port;
    this.dataDir = dataDir;
    this.#child = child;
  }

  /** Starts and waits until `isolation` is ready. `keep` reuses a data directory. */
  static async start(options: {
    isolation: string;
    env?: Record<string, string>;
    keep?: { port: number; dataDir: string };
  }): Promise<ColdframeServer> {
    const port = options.keep?.port ?? (await freePort());
    const dataDir = options.keep?.dataDir ?? mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
    const child = spawn(process.execPath, [...NODE_FLAGS, join(ROOT, 'src/cli/main.ts'), 'up'], {
      env: {
        ...process.env,
        COLDFRAME_PORT: String(port),
        COLDFRAME_ADMIN_KEY: ADMIN_KEY,
        COLDFRAME_DATA_DIR: dataDir,
        COLDFRAME_LOG_LEVEL: 'warn',
        ...options.env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const server = new ColdframeServer(port, dataDir, child);
    await server.untilReady(`/readyz?isolation=${options.isolation}`);
    return server;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async untilReady(path: string): Promise<void> {
    const endAtMs = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      const isReady = await fetch(`http://127.0.0.1:${this.port}${path}`).then(
        (reply) => reply.ok,
        () => false,
      );
      if (isReady) return;
      if (performance.now() > endAtMs || this.#child.exitCode !== null)
        throw new Error(`the server was not ready: ${path}`);
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }

  /** An API call; throws with the reply's text unless 2xx. */
  async api<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await fetch(`http://127.0.0.1:${this.port}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return (text ? JSON.parse(text) : {}) as T;
  }

  async deploy(name: string, runtime: string, source: string, settings: Settings): Promise<void> {
    await this.api('POST', '/functions', { name, runtime, code: { source }, ...settings });
  }

  /** Waits until the pool holds `count` ready generic sandboxes of an isolation (and runtime); returns how many it holds. */
  async untilPoolHolds(isolation: string, count: number, runtime?: string, timeoutMs = 60_000): Promise<number> {
    const endAtMs = performance.now() + timeoutMs;
    for (;;) {
      const { sandboxes } = await this.api<{ sandboxes: PooledView[] }>('GET', '/pool');
      const ready = sandboxes.filter(
        (one) => one.isolation === isolation && one.state === 'ready' && (!runtime || one.runtime === runtime),
      ).length;
      if (ready >= count || performance.now() > endAtMs) return ready;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  kill(signal: NodeJS.Signals): Promise<void> {
    return new Promise((done) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return done();
      this.#child.once('exit', () => done());
      this.#child.kill(signal);
    });
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
