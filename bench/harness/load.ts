import { connect, type Socket } from 'node:net';

/** What a run of calls came to; latencies in milliseconds, client side, errors counted apart and never dropped. */
export interface LoadResult {
  latenciesMs: number[];
  statuses: Map<number, number>;
  transportErrors: number;
  elapsedMs: number;
}

export interface LoadTarget {
  port: number;
  /** The whole request as bytes, keep-alive. */
  request: Buffer;
}

/** `callers` keep-alive connections, each sending the next request when the reply to the last has come, until `untilMs` or `count`. */
export async function closedLoop(
  target: LoadTarget,
  options: { callers: number; durationMs?: number; count?: number },
): Promise<LoadResult> {
  const result: LoadResult = { latenciesMs: [], statuses: new Map(), transportErrors: 0, elapsedMs: 0 };
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + (options.durationMs ?? Number.POSITIVE_INFINITY);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  const takeTurn = (): boolean => performance.now() < endAtMs && left-- > 0;
  await Promise.all(Array.from({ length: options.callers }, () => oneCaller(target, takeTurn, result)));
  result.elapsedMs = performance.now() - startedAtMs;
  return result;
}

/**
 * Open loop: requests are due at fixed times whatever the replies do, and latency counts from the time a request was due
 * (no coordinated omission). Connections are opened as needed up to `connectionsMax`.
 */
export async function openLoop(
  target: LoadTarget,
  options: { ratePerSecond: number; durationMs: number; connectionsMax: number },
): Promise<LoadResult> {
  const result: LoadResult = { latenciesMs: [], statuses: new Map(), transportErrors: 0, elapsedMs: 0 };
  const due: number[] = [];
  const idle: (() => void)[] = [];
  const startedAtMs = performance.now();
  let isOver = false;
  const nextDue = (): Promise<number | null> =>
    new Promise((resolve) => {
      const take = () => resolve(due.length > 0 ? due.shift()! : null);
      if (due.length > 0 || isOver) take();
      else idle.push(take);
    });
  const callers = Array.from({ length: options.connectionsMax }, async () => {
    const connection = await HttpConnection.open(target.port);
    for (let at = await nextDue(); at !== null; at = await nextDue()) {
      await record(connection, target, at, result);
    }
    connection.close();
  });
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      const nowMs = performance.now();
      const shouldHaveSent = Math.floor(((nowMs - startedAtMs) / 1000) * options.ratePerSecond);
      for (; sent < shouldHaveSent; sent++) {
        due.push(startedAtMs + (sent / options.ratePerSecond) * 1000);
        idle.shift()?.();
      }
      if (nowMs - startedAtMs > options.durationMs) {
        clearInterval(tick);
        isOver = true;
        for (const wake of idle.splice(0)) wake();
        resolve();
      }
    }, 1);
  });
  await Promise.all(callers);
  result.elapsedMs = performance.now() - startedAtMs;
  return result;
}

async function oneCaller(target: LoadTarget, takeTurn: () => boolean, result: LoadResult): Promise<void> {
  let connection = await HttpConnection.open(target.port).catch(() => null);
  while (takeTurn()) {
    if (!connection?.isOpen) connection = await HttpConnection.open(target.port).catch(() => null);
    if (connection) await record(connection, target, performance.now(), result);
    else result.transportErrors++;
  }
  connection?.close();
}

async function record(
  connection: HttpConnection,
  target: LoadTarget,
  fromMs: number,
  result: LoadResult,
): Promise<void> {
  try {
    const reply = await connection.send(target.request);
    result.latenciesMs.push(performance.now() - fromMs);
    result.statuses.set(reply.status, (result.statuses.get(reply.status) ?? 0) + 1);
  } catch {
    result.transportErrors++;
  }
}

export interface Reply {
  status: number;
  head: string;
  body: Buffer;
}

/** One keep-alive HTTP/1.1 connection with as little parsing as a load generator needs. */
export class HttpConnection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | null = null;
  isOpen = true;

  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new HttpConnection(socket)));
      socket.once('error', reject);
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => this.#fail());
    socket.on('close', () => this.#fail());
  }

  send(request: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(): void {
    this.isOpen = false;
    this.#waiting?.reject(new Error('connection closed'));
    this.#waiting = null;
  }

  #read(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const headEnd = this.#buffer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#buffer.toString('latin1', 0, headEnd);
    const bodyStart = headEnd + 4;
    const end = endOfBody(head, this.#buffer, bodyStart);
    if (end < 0) return;
    const reply = { status: Number(head.slice(9, 12)), head, body: this.#buffer.subarray(bodyStart, end) };
    this.#buffer = this.#buffer.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(reply);
  }
}

function endOfBody(head: string, buffer: Buffer, bodyStart: number): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) {
    const end = bodyStart + Number(length[1]);
    return buffer.length >= end ? end : -1;
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const end = buffer.indexOf('\r\n0\r\n\r\n', bodyStart - 2);
    return end < 0 ? -1 : end + 7;
  }
  return bodyStart;
}

/** A POST with a JSON body, as bytes ready to be sent again and again. */
export function postRequest(path: string, body: string, headers: Record<string, string> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join('')}\r\n${body}`,
  );
}
