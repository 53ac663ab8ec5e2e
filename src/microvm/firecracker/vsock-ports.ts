import { chmod, chown } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { GUEST_PORTS, type GuestPort } from '../guest-protocol.ts';
import type { GuestStreams } from '../vmm.ts';

const NAMES = Object.keys(GUEST_PORTS) as GuestPort[];

/**
 * The host's side of a Firecracker vsock device: a guest that dials port N of the host is connected to whoever listens at
 * `<devicePath>_N`. Exactly one connection is taken at each port; then the socket is closed and its path gone.
 */
export class VsockPorts {
  readonly #servers = new Map<GuestPort, Server>();
  /** Connections that were accepted and not handed over yet. */
  #sockets: Socket[] = [];
  readonly #streams: Promise<GuestStreams>;

  private constructor(devicePath: string) {
    const accepted = NAMES.map((name) => this.#accept(name));
    this.#streams = Promise.all(accepted).then(([control, channel, stdout, stderr]) => {
      return { control: control!, channel: channel!, stdout: stdout!, stderr: stderr! };
    });
    // `connected` reports a failure. Without a caller of it there is nobody to tell.
    this.#streams.catch(() => undefined);
    for (const [name, server] of this.#servers) server.listen(`${devicePath}_${GUEST_PORTS[name]}`);
  }

  /**
   * Listens before the guest runs. Only `uid`, the monitor, may connect; null means the server's own uid. Rejects when
   * it cannot listen.
   */
  static async listen(devicePath: string, uid: number | null): Promise<VsockPorts> {
    const ports = new VsockPorts(devicePath);
    try {
      await Promise.all(
        [...ports.#servers].map(async ([name, server]) => {
          await listening(server);
          const path = `${devicePath}_${GUEST_PORTS[name]}`;
          if (uid !== null) await chown(path, 0, uid);
          await chmod(path, uid === null ? 0o600 : 0o660);
        }),
      );
      return ports;
    } catch (error) {
      ports.close();
      throw error;
    }
  }

  /**
   * All four connections, once the guest has dialled them. Rejects when the signal aborts or the ports are closed
   * first.
   */
  connected(signal: AbortSignal): Promise<GuestStreams> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.close();
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      const settled = this.#streams.finally(() => signal.removeEventListener('abort', onAbort));
      settled.then((streams) => {
        this.#sockets = [];
        resolve(streams);
      }, reject);
    });
  }

  /** Stops listening, and ends connections that were accepted and not handed over; safe to repeat. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  #accept(name: GuestPort): Promise<Socket> {
    const server = createServer({ pauseOnConnect: true });
    this.#servers.set(name, server);
    return new Promise((resolve, reject) => {
      server.once('connection', (socket) => {
        // Closing also unlinks the path: nobody can connect a second time.
        server.close();
        server.on('connection', (intruder) => intruder.destroy());
        socket.on('error', () => {});
        this.#sockets.push(socket);
        resolve(socket);
      });
      server.on('error', reject);
      server.once('close', () => reject(new Error(`no guest connected to ${name}`)));
    });
  }
}

function listening(server: Server): Promise<void> {
  if (server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
}
