import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DOCKER_SOCKET = '/var/run/docker.sock';

/** Stands between one server and the shared Docker daemon, so that this server alone can lose it. */
export class DockerProxy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'coldframe-proxy-'));
  readonly socketPath = join(this.#directory, 'docker.sock');
  readonly #connections = new Set<Socket>();
  #server: Server | null = null;
  #isHanging = false;

  /** For the environment of the server under test. */
  get dockerHost(): string {
    return `unix://${this.socketPath}`;
  }

  /** Passes everything on, as a daemon that runs. */
  async run(): Promise<void> {
    if (this.#isHanging) for (const connection of this.#connections) connection.destroy();
    this.#isHanging = false;
    if (this.#server) return;
    const server = createServer((client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  /** As a daemon that was stopped: connections break, and nobody listens. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const connection of this.#connections) connection.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** As a daemon that is stuck: it takes requests and never answers. */
  hang(): void {
    this.#isHanging = true;
    for (const connection of this.#connections) connection.pause();
  }

  async close(): Promise<void> {
    await this.cut();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #accept(client: Socket): void {
    this.#keep(client);
    if (this.#isHanging) {
      client.pause();
      return;
    }
    const daemon = connect(DOCKER_SOCKET);
    this.#keep(daemon);
    client.pipe(daemon);
    daemon.pipe(client);
    client.once('close', () => daemon.destroy());
    daemon.once('close', () => client.destroy());
  }

  #keep(connection: Socket): void {
    this.#connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.once('close', () => this.#connections.delete(connection));
  }
}
