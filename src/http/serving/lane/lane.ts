import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { LaneConnection, type LaneHandler, type LaneOptions } from './lane-connection.ts';

/** Connections node:http does not know of, for a stop. */
export interface Lane {
  readonly connections: number;
  /** From now on replies say that the connection closes after them. Idle connections close now. Safe to repeat. */
  closeIdle(): void;
  /** Cuts what is left. */
  closeAll(): void;
}

/**
 * Puts a lane before a node:http server: requests that arrive whole and ordinary go to `handler`, every other connection goes
 * to node:http as if it had just been accepted, with its bytes untouched (docs/decisions/0008).
 */
export function openLane(server: Server, handler: LaneHandler): Lane {
  const acceptors = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const connections = new Set<LaneConnection>();
  const options: LaneOptions & { isLast: boolean } = {
    handler,
    keepAliveSeconds: Math.round(server.keepAliveTimeout / 1000),
    isLast: false,
    onLeft: (connection) => connections.delete(connection),
    handOver(socket, bytes) {
      // Paused, so that what is put back is read in order, and only when node:http listens.
      socket.pause();
      for (const chunk of bytes.reverse()) socket.unshift(chunk);
      for (const accept of acceptors) accept.call(server, socket);
      process.nextTick(() => socket.resume());
    },
  };
  server.on('connection', (socket: Socket) => {
    connections.add(new LaneConnection(socket, options));
  });
  return {
    get connections() {
      return connections.size;
    },
    closeIdle() {
      options.isLast = true;
      for (const connection of connections) if (connection.isIdle) connection.destroy();
    },
    closeAll() {
      options.isLast = true;
      for (const connection of connections) connection.destroy();
    },
  };
}
