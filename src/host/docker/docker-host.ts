import { EngineError } from './engine-error.ts';

/** Where Docker listens unless told otherwise. */
export const DEFAULT_DOCKER_SOCKET = '/var/run/docker.sock';

/**
 * The socket path meant by a DOCKER_HOST value (`unix:///path`), or the default for none. TCP and SSH engines are refused:
 * sandboxes talk through a socket in a directory of this host, which a remote engine cannot mount.
 */
export function socketPathOf(dockerHost: string | null): string {
  if (dockerHost === null || dockerHost === '') return DEFAULT_DOCKER_SOCKET;
  if (dockerHost.startsWith('unix://') && dockerHost.length > 'unix://'.length)
    return dockerHost.slice('unix://'.length);
  throw new EngineError('unsupported', 'DOCKER_HOST is not a unix:// address; only an engine on this host can be used');
}
