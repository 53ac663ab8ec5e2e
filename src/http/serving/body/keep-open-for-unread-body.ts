import type { ServerResponse } from 'node:http';

/**
 * For an answer that goes out before the request's body was read: Node drains the rest, so that the client sees the answer, but
 * cuts a client that wants the connection closed afterwards, which then reads a broken pipe instead. Such a connection is
 * closed when the rest has been read; the timeouts for requests bound that.
 */
export function keepOpenForUnreadBody(res: ServerResponse): void {
  const { complete, headers } = res.req;
  const length = headers['content-length'];
  const hasBody = headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody || complete || res.shouldKeepAlive) return;
  res.shouldKeepAlive = true;
  closeWhenDone(res);
}

function closeWhenDone(res: ServerResponse): void {
  const { req } = res;
  let open = 2;
  const oneIsDone = (): void => {
    open -= 1;
    if (open === 0) req.socket.end();
  };
  req.once('end', oneIsDone);
  res.once('finish', oneIsDone);
}
