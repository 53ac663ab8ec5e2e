import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ColdframeError } from '../../errors/coldframe-error.ts';

/** How many ports are tried after a default port that is in use. With more, another fault would stay hidden. */
const NEXT_PORTS_MAX = 20;

export interface ListenOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** An explicit port that is in use fails. A default port moves to the next free one. */
  isExplicit: boolean;
  /** Says who holds a port, for the error. Null when it cannot be told. */
  holderOf(port: number): string | null;
  /** Called when a default port was taken. */
  onMoved?(from: number, to: number): void;
}

/** Resolves with the port it listens on. Rejects with `port_in_use` or `invalid_config`. */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  const { host, port, isExplicit } = options;
  const tries = isExplicit || port === 0 ? 1 : NEXT_PORTS_MAX;
  for (let offset = 0; offset < tries; offset++) {
    const bound = await tryPort(server, host, port + offset);
    if (bound === null) continue;
    if (offset > 0) options.onMoved?.(port, bound);
    return bound;
  }
  const holder = options.holderOf(port);
  const by = holder === null ? '' : ` by ${holder}`;
  throw new ColdframeError('port_in_use', { publicMessage: `Port ${port} on ${host} is in use${by}.` });
}

/** Null when the port is taken. */
function tryPort(server: Server, host: string, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(cannotListen(error, host, port));
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, host);
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): ColdframeError {
  const reason = error.code === 'EACCES' ? 'not permitted' : 'not an address of this machine';
  return new ColdframeError('invalid_config', {
    publicMessage: `Cannot listen on ${host}:${port}: ${reason}.`,
    cause: error,
  });
}
