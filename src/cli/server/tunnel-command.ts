export interface TunnelQuestion {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  userName: string;
  hostName: string;
  /** Origins that this server answers at: the console's, then that of function URLs. */
  urls: readonly string[];
}

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/;

/**
 * The command that brings a server on a host without a display to a person's own machine. Null where a browser can run here
 * or the server can be reached from elsewhere anyway.
 */
export function tunnelCommand({ env, platform, userName, hostName, urls }: TunnelQuestion): string | null {
  const isRemote = Boolean(env.SSH_CONNECTION);
  const hasDisplay = platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  if (!isRemote && hasDisplay) return null;
  const places = urls.map((url) => new URL(url));
  if (!places.every(({ hostname }) => LOOPBACK.test(hostname))) return null;
  // Client address and port, then ours: what the person has already reached.
  const [, , address = hostName, port = '22'] = (env.SSH_CONNECTION ?? '').split(' ').filter(Boolean);
  const forwards = places.map((place) => `-L ${place.port}:${place.host}`);
  return ['ssh', ...(port === '22' ? [] : [`-p ${port}`]), ...forwards, `${userName}@${address}`].join(' ');
}
