import { hostname } from 'node:os';
import { tunnelCommand } from './tunnel-command.ts';

/** The tunnel to this very process's host; null where none is needed. */
export function tunnelFromHere(urls: readonly string[]): string | null {
  const { env, platform, pid } = process;
  // Nobody sits at a service (systemd sets INVOCATION_ID) or at a container's first process.
  if (env.INVOCATION_ID !== undefined || pid === 1) return null;
  return tunnelCommand({ env, platform, userName: env.USER || env.LOGNAME || 'user', hostName: hostname(), urls });
}

export function tunnelWords(command: string): string {
  return `There is no display here. On your own machine run\n\n    ${command}\n\nand open the link in its browser.`;
}
