import type { Server } from 'node:http';
import type { Log } from '../../../domain/log.ts';

/** The bound when the number of descriptors is not known. */
export const CONNECTIONS_MAX = 1_000;
/** Connections that were turned away are logged once in this time. A flood must not fill the log too. */
const LOG_EVERY_MS = 10_000;

/**
 * Bounds the connections of one listener, so that the descriptors that databases, sandboxes and the other listener need are never
 * taken by visitors. At the bound, connections that idle between two requests are closed to make room, and the newcomer is
 * turned away; it is served when it tries again.
 */
export function capConnections(server: Server, connectionsMax: number, listener: string, log: Log): void {
  server.maxConnections = connectionsMax;
  let turnedAway = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    turnedAway++;
    server.closeIdleConnections();
    const nowMs = performance.now();
    if (nowMs - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = nowMs;
    log.warn({ listener, connectionsMax, turnedAway }, 'too many connections; some were turned away');
    turnedAway = 0;
  });
}
