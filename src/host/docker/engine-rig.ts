import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as toSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_DOCKER_SOCKET } from './docker-host.ts';
import { EngineClient } from './engine-client.ts';

/** For tests alone. Null when Docker answers here, else the reason why a test is skipped. */
export async function whyNoDocker(): Promise<string | null> {
  const engine = new EngineClient({ socketPath: DEFAULT_DOCKER_SOCKET });
  try {
    await engine.ping();
    return process.getuid?.() === 0 ? null : 'needs docker and root';
  } catch (error) {
    return `needs docker: ${error instanceof Error ? error.message : error}`;
  } finally {
    await engine.close();
  }
}

/**
 * A Unix socket that hands every connection to `onConnection`. Closing it drops all connections and removes the socket.
 */
export class ScriptedSocket {
  readonly path: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  /** Most connections open at the same time. */
  openMax = 0;

  constructor(onConnection: (socket: Socket) => void) {
    this.#directory = mkdtempSync(join(tmpdir(), 'cf-engine-'));
    this.path = join(this.#directory, 'engine.sock');
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      this.openMax = Math.max(this.openMax, this.#sockets.size);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      onConnection(socket);
    });
  }

  async listen(): Promise<this> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(this.path, resolve);
    await promise;
    chmodSync(this.path, 0o600);
    return this;
  }

  /** Breaks every connection, as a daemon that dies does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Stands before the real daemon and lets everything through until told otherwise. `rule` sees the first bytes of each
 * request: `cut` drops the connection at once, `mute` lets the daemon do its work and then drops the connection instead of
 * passing its answer on.
 */
export async function engineProxy(rule: (request: string) => 'pass' | 'cut' | 'mute'): Promise<ScriptedSocket> {
  const proxy = new ScriptedSocket((client) => {
    const daemon = toSocket(DEFAULT_DOCKER_SOCKET);
    let verdict: 'pass' | 'cut' | 'mute' = 'pass';
    daemon.on('error', () => client.destroy());
    client.on('data', (bytes) => {
      const request = bytes.toString('latin1');
      if (/^(GET|POST|DELETE) /.test(request)) verdict = rule(request);
      if (verdict === 'cut') {
        client.destroy();
        daemon.destroy();
      } else daemon.write(bytes);
    });
    daemon.on('data', (bytes) => {
      if (verdict === 'mute') client.destroy();
      else client.write(bytes);
    });
    daemon.on('close', () => client.destroy());
    client.on('close', () => daemon.destroy());
  });
  return await proxy.listen();
}
