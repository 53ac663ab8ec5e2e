import type { Server } from 'node:http';

/** How often idle connections are closed. Node does it only once, when the stop begins. */
const IDLE_CHECK_MS = 25;

/** Connections of the server that node:http does not know of. */
export interface OtherConnections {
  closeIdle(): void;
  closeAll(): void;
}

/**
 * Takes no new connections, lets requests in flight finish, closes connections as they become idle, and cuts what is still
 * open after `graceMs`. Safe to repeat, and on a server that never listened.
 */
export async function closeGracefully(server: Server, graceMs: number, others?: OtherConnections): Promise<void> {
  others?.closeIdle();
  const cut = setTimeout(() => {
    server.closeAllConnections();
    others?.closeAll();
  }, graceMs);
  const idle = setInterval(() => {
    server.closeIdleConnections();
    others?.closeIdle();
  }, IDLE_CHECK_MS);
  try {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  } finally {
    clearTimeout(cut);
    clearInterval(idle);
  }
}
