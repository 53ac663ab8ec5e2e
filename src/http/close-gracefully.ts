import type { Server } from 'node:http';

/** Runs `stop` (no new connections, idle ones closed) and cuts what is still open after `graceMs`. Safe to repeat. */
export async function closeGracefully(server: Server, graceMs: number, stop: () => Promise<unknown>): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await stop();
  } finally {
    clearTimeout(cut);
  }
}
