import type { Server } from 'node:http';

/** How often connections that have become idle are closed; Node does it only once, when the stop begins. */
const IDLE_CHECK_MS = 25;

/** Runs `stop` (no new connections, idle ones closed) and cuts what is still open after `graceMs`. Safe to repeat. */
export async function closeGracefully(server: Server, graceMs: number, stop: () => Promise<unknown>): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  try {
    await stop();
  } finally {
    clearTimeout(cut);
    clearInterval(idle);
  }
}
